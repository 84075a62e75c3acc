/** The shapes that gate, tracker and notice hand to each other, and the one object a page may use. Types only. */
/** Attribute to level; an attribute left out is at level 0. */
export type Scope = Readonly<Record<string, number>>;
/** How precisely a visitor agreed: 2 as asked, 1 with less detail, 0 none. All that is granted has one. */
export type Detail = 0 | 1 | 2;
/** What the state cookie says (docs/gate.md). */
export interface State {
    readonly edition: number;
    readonly choices: Readonly<Record<string, Detail>>;
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
/** The values that a parameter or property may have: those listed, or any. */
export type Values = readonly string[] | "any";
/** The values that a property of an action may have, or the lower bounds of its buckets, rising. */
export type PropertyTerms = Values | {
    readonly buckets: readonly number[];
};
export type ActionTerms = Readonly<Record<string, PropertyTerms>>;
/** A purpose as the policy document writes it (docs/policy.schema.json). */
export interface PurposeDocument {
    readonly data_use: string;
    readonly levels: Scope;
    readonly legal_basis: string;
    readonly retention_days: number;
    readonly keep_rows_days: number;
    readonly closes: string;
    readonly min_cell_size: number;
    readonly sells_or_shares: boolean;
    readonly minimum_age: number;
    readonly recipients: readonly Recipient[];
    readonly query_parameters: Readonly<Record<string, Values>>;
    readonly actions: Readonly<Record<string, ActionTerms>>;
    readonly cookies: readonly string[];
    readonly storage: readonly string[];
    readonly text: Readonly<Record<string, PurposeText>>;
}
/** The lists of a purpose that the page cuts by. */
export type Lists = Pick<PurposeDocument, "query_parameters" | "actions" | "cookies">;
export interface PolicyDocument {
    readonly version: number;
    readonly site: string;
    readonly origins: readonly string[];
    readonly controller: Readonly<Record<string, string>>;
    readonly languages: readonly string[];
    readonly server_side: boolean;
    readonly for_children: boolean;
    readonly consent_days: number;
    readonly refusal_days: number;
    readonly necessary: readonly {
        readonly cookie: string;
        readonly why: string;
        readonly days: number;
    }[];
    readonly purposes: Readonly<Record<string, PurposeDocument>>;
}
/** A collector that an owner placed on pages of the site, as published; on its pages its purposes are asked about too. */
export interface PlacedDocument {
    readonly collector: string;
    readonly pages: readonly string[];
    readonly origins: readonly string[];
    readonly controller: Readonly<Record<string, string>>;
    readonly jurisdiction: string;
    readonly purposes: Readonly<Record<string, PurposeDocument>>;
    readonly asked: readonly string[];
}
/** Who sends from this page beside the site: a placed collector, with what the gate vouched for. */
export interface Sender {
    readonly name: string;
    readonly key: string;
    readonly vouch: string;
    readonly path: string;
}
/** The answer of `GET /askfirst/policy` as JSON: the edition in force, the same for everyone. */
export interface Published {
    readonly number: number;
    readonly hash: string;
    readonly effective: string;
    readonly policy: PolicyDocument;
    readonly asked: readonly string[];
    readonly sells: readonly string[];
    readonly closed: boolean;
    readonly details: Readonly<Record<string, Readonly<Record<string, Scope>>>>;
    /** By edition, purpose and detail: what a state with that edition allows today; what is not there is nothing. */
    readonly bounds: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Scope>>>>>>;
    /** By older edition and purpose: what the edition in force asks beyond it. */
    readonly changes: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
    /** By older edition and purpose, where it is less than the policy lists: what that edition lets a page send. */
    readonly lists?: Readonly<Record<string, Readonly<Record<string, Lists>>>>;
    /** The editions whose answers have what stands behind `#/` told; only where the policy says so. */
    readonly routed?: readonly number[];
    /** The actions that are told by themselves, by purpose: those that the policy lists. */
    readonly automatic?: Readonly<Record<string, readonly string[]>>;
    readonly lang: string;
    readonly control: Readonly<Record<string, string>>;
    readonly words?: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly placed?: Readonly<Record<string, PlacedDocument>>;
    readonly suffix?: string;
    readonly senders?: readonly Sender[];
}
/** What placed.js exports. */
export interface PlacedModule {
    /**
     * What the site published, as it is on this page: the purposes of placed collectors are among `policy.purposes`, and
     * those that stand here among `asked`.
     */
    readonly here: (published: Published) => Published;
}
/** What this page may do at this moment, and what its visitor is to be asked. A new one after each change. */
export interface ConsentView {
    readonly source: Source;
    readonly details: Readonly<Record<string, Detail>>;
    readonly scopes: Readonly<Record<string, Scope>>;
    readonly asks: readonly Question[];
}
/** The question itself, (window.askfirst.show()) the details, or nothing to see: everything is taken back. */
export type Layer = "first" | "preferences" | "withdraw";
/** How a page reaches what answers and events go to: its own site, or a collector elsewhere (remote.js). */
export interface Route {
    /** The published policy in this language; `at` is what keeps a cache from answering, or empty. */
    readonly policy: (lang: string, at: string, cache: RequestCache) => Promise<Response>;
    /** Sends an answer, or events, as `POST /askfirst/consent` and `/askfirst/events` take them. */
    readonly send: (path: "consent" | "events" | "rights/erase", body: string, options?: RequestInit) => Promise<Response>;
    /** Hands events to the browser; false when it takes no more. */
    readonly beacon: (body: string) => boolean;
    readonly forms: boolean;
}
/** What remote.js exports. */
export interface RemoteModule {
    /** `base` as in GateOptions, `collector` the collector's origin. */
    readonly connect: (base: string, collector: string) => Route;
}
/** What the gate hands to `show` of notice.js. */
export interface NoticeContext {
    readonly route: Route;
    readonly published: Published;
    readonly consent: ConsentView;
    readonly state: State | null;
    readonly signals: Signals;
    readonly base: string;
    readonly layer: Layer;
    readonly words?: Promise<unknown> | undefined;
    readonly answered: (stale?: boolean) => void;
}
/** What control.js exports: the way back, for pages that need nothing else. */
export interface ControlModule {
    readonly control: (published: Published, consent: ConsentView, state: State | null, gpc: boolean, base: string, act: (layer?: Layer) => unknown) => void;
}
/**
 * What notice.js exports. It throws nothing. Called to ask (where the page already has `#askfirst-notice`, that is
 * enhanced and nothing is built), and again after every change: with nothing left to ask, "first" takes the notice away.
 */
export interface NoticeModule {
    readonly show: (context: NoticeContext) => Promise<void>;
}
/** What the gate hands to `start` of a part that looks after what waits for consent. */
export interface GatedContext {
    readonly published: Published;
    /** What is allowed at this moment: the state cookie is read again. */
    readonly consent: () => ConsentView;
    readonly nonce: string;
    readonly state: () => State | null;
    readonly base: string;
    readonly route: Route;
    readonly onArrival: readonly string[];
    readonly load: () => Promise<Tracker | undefined>;
    readonly choose: () => unknown;
    readonly answered: () => void;
}
/** What scripts.js, embeds.js and automatic.js export. */
export interface GatedModule {
    /** Answers what is to be called whenever the page or the consent may be another. */
    readonly start: (context: GatedContext) => () => void;
}
/** What the gate hands to `start` of tracker.js. */
export interface Grants {
    readonly published: Published;
    readonly signals: Signals;
    /** What is allowed at this moment: the state cookie is read again. */
    readonly consent: () => ConsentView;
    /** What the state cookie said when it was read last: its edition bounds what is granted. */
    readonly state: () => State | null;
    /** The purposes that were allowed when the visitor arrived on this page. */
    readonly onArrival: readonly string[];
}
/** What tracker.js exports. */
export interface TrackerModule {
    readonly start: (grants: Grants, route: Route) => Tracker;
}
export type Properties = Readonly<Record<string, unknown>>;
export interface Tracker {
    readonly track: (name: string, properties?: Properties) => void;
    readonly changed: () => void;
    readonly restored: () => void;
}
/** `window.askfirst`. */
export interface Askfirst {
    readonly allows: (purpose: string) => boolean;
    readonly consent: ConsentView;
    /** Calls the listener once it is known what is allowed, and after each change; answers how to stop that. */
    readonly on: (event: "change", listener: (consent: ConsentView) => void) => () => void;
    /** When the page is parsed and it is known what is allowed; never, where that cannot be known. */
    readonly ready: Promise<ConsentView>;
    readonly track: (name: string, properties?: Properties) => void;
    readonly show: () => void;
    /** For a router that changes the page in a way of its own: looks at the page, and at the answer, again. */
    readonly refresh: () => void;
}
/** What a visitor declared beside an answer. */
export interface Declared {
    readonly adult?: boolean;
}
/**
 * The calls that people know from other consent tools (docs/script.md), as `window.AskFirst` and `askfirst/manage`. An
 * answer is kept once it is recorded: false, and a line on the console, where it was not.
 */
export interface ManageApi {
    /** Grants all that is asked; only in the listener of a visitor's own click or key, like all that grants. */
    readonly acceptAll: (declared?: Declared) => Promise<boolean>;
    readonly rejectAll: () => Promise<boolean>;
    /** Grants these purposes and no other; "all", or none of them. A purpose that has less detail keeps that. */
    readonly acceptCategory: (names: string | readonly string[], declared?: Declared) => Promise<boolean>;
    /** Grants the purposes that name this recipient beside those that are granted; what is left to ask is refused. */
    readonly acceptService: (name: string, declared?: Declared) => Promise<boolean>;
    readonly has: Askfirst["allows"];
    /** Shows the notice where it was hidden, else the choices. */
    readonly show: () => void;
    readonly showPreferences: () => void;
    /** Takes the notice and the choices away until the next page, or `show`; nothing is answered by that. */
    readonly hide: () => void;
    /** Takes everything back and asks again. */
    readonly reset: () => Promise<boolean>;
    /**
     * What a page's own age signal says: this visitor is too young. What was agreed to ends and is erased, and nobody is asked;
     * on this page that holds. It grants nothing, and nothing says why.
     */
    readonly underAge: () => void;
    readonly ready: Askfirst["ready"];
    /** An answer where there was none; who comes later on that page hears of it at once. Each answers how to stop it. */
    readonly onFirstConsent: (listener: (consent: ConsentView) => void) => () => void;
    /** An answer, or one from before, on every page. */
    readonly onConsent: (listener: (consent: ConsentView) => void) => () => void;
    /** Another answer than before. */
    readonly onChange: (listener: (consent: ConsentView) => void) => () => void;
}
/** Whether what a page asks for may go to this address; `undefined` while that is not known. */
export type Verdict = (address: string) => boolean | undefined;
/** What guard.js hands to its parts. */
export interface Guard {
    readonly may: Verdict;
    readonly known: Promise<unknown>;
    /** The recipient whose host it is, by the name that `data-service` takes. */
    readonly recipient: (address: string) => string;
    /** Called whenever something may be allowed that was not. */
    readonly onChange: (listener: () => void) => void;
}
