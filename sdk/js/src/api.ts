/** The shapes that gate, tracker and notice hand to each other, and the one object a page may use. Types only. */

/** Attribute to level; an attribute left out is at level 0. */
export type Scope = Readonly<Record<string, number>>;

/** How much of a purpose a visitor agreed to: 3 as asked, 2 less, 1 least, 0 none. */
export type Detail = 0 | 1 | 2 | 3;

/** One answer of the state cookie: the detail, and the edition that bounds it. */
export type Choice = readonly [detail: number, edition: number];

/** What the state cookie says (DESIGN, "From visit to answer"). */
export interface State {
  readonly site: string;
  readonly edition: number;
  readonly choices: Readonly<Record<string, Choice>>;
  readonly expires: number; // unix seconds
}

export interface Signals {
  readonly gpc: boolean;
  readonly dnt: boolean;
}

/** Why the answers are as they are. */
export type Source = "visitor" | "gpc" | "dnt" | "none";

/** A purpose that must be asked about now; `widened` has a sentence for each thing an older answer did not cover. */
export interface Question {
  readonly purpose: string;
  readonly widened: readonly string[];
}

export interface Recipient {
  readonly name: string;
  readonly role: string;
  readonly country: string;
  readonly hosts?: readonly string[];
}

export interface PurposeText {
  readonly title: string;
  readonly description: string;
}

/** An action a site may report: for each property its listed values, or its declared buckets. */
export type ActionTerms = Readonly<Record<string, unknown>>;

/** A purpose as the policy document writes it (docs/policy.schema.json). */
export interface PurposeDocument {
  readonly levels: Scope;
  readonly legal_basis: string;
  readonly retention_days: number;
  readonly sells_or_shares?: boolean;
  readonly minimum_age?: number;
  readonly recipients?: readonly Recipient[];
  readonly query_parameters?: Readonly<Record<string, readonly string[]>>;
  readonly actions?: Readonly<Record<string, ActionTerms>>;
  readonly cookies?: readonly string[];
  readonly storage?: readonly string[];
  readonly text: Readonly<Record<string, PurposeText>>;
}

export interface PolicyDocument {
  readonly site: string;
  readonly controller: Readonly<Record<string, string>>;
  readonly languages: readonly string[];
  readonly server_side?: boolean;
  readonly for_children?: boolean;
  readonly consent_days: number;
  readonly refusal_days: number;
  readonly necessary?: unknown;
  readonly purposes: Readonly<Record<string, PurposeDocument>>;
}

/** The answer of `GET /askfirst/policy` as JSON: the edition in force, the same for everyone. */
export interface Published {
  readonly number: number;
  readonly hash: string;
  readonly effective: string; // RFC 3339
  readonly policy: PolicyDocument;
  readonly details: Readonly<Record<string, Readonly<Record<string, Scope>>>>;
  readonly changes: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly asked: readonly string[];
  readonly sells: readonly string[];
}

/** What the page may know of the visitor's answer. Frozen; a new object after each change. */
export interface ConsentView {
  readonly source: Source;
  readonly details: Readonly<Record<string, Detail>>;
  readonly asks: readonly Question[];
}

/** What the gate hands to `show` of notice.js. */
export interface NoticeContext {
  readonly published: Published;
  readonly consent: ConsentView;
  readonly state: State | null;
  readonly signals: Signals;
  readonly base: string; // address of the folder of askfirst.js, with a slash at its end
  readonly layer: "first" | "preferences"; // the question itself, or (window.askfirst.show()) the details
  readonly answered: () => void; // call it when the answer of POST /askfirst/consent is here: the gate reads the cookie again
}

/** What notice.js exports. When the page already has `#askfirst-notice`, `show` enhances it and builds nothing. */
export interface NoticeModule {
  readonly show: (context: NoticeContext) => void;
}

/** What the gate hands to `start` of tracker.js; asked again before anything is kept or sent. */
export interface Grants {
  readonly published: () => Published | null;
  readonly scope: (purpose: string) => Scope; // {} where it is not allowed
  readonly terms: (purpose: string) => PurposeDocument | undefined;
}

/** What tracker.js exports. */
export interface TrackerModule {
  readonly start: (grants: Grants, base: string, arrived: boolean) => Tracker;
}

export interface Tracker {
  readonly track: (name: string, properties?: Readonly<Record<string, unknown>>) => void;
  readonly changed: () => void; // consent may be less than it was: drop what is not covered
}

/** `window.askfirst`. */
export interface Askfirst {
  readonly allows: (purpose: string) => boolean;
  readonly consent: ConsentView;
  readonly on: (event: "change", listener: (consent: ConsentView) => void) => () => void;
  readonly track: (name: string, properties?: Readonly<Record<string, unknown>>) => void;
  readonly show: () => void;
}

declare global {
  interface Window {
    readonly askfirst?: Askfirst;
  }
}
