/**
 * What the notice is given by the gate that loads it, and what it answers.
 *
 * The gate imports this bundle only when it is to be shown and calls `open(host, what)`:
 * - "ask": the visitor has something to answer. A notice that the server put into the page is enhanced, else one is built.
 * - "choices": the visitor asked for it, by `[data-askfirst="choices"]` or `askfirst.show()`.
 * The promise never rejects; `false` says that nothing could be shown, so that a link may be followed instead.
 */
export type What = "ask" | "choices";

export type Pair = readonly [detail: number, edition: number];

export interface Told {
  /** Last edition answered. */
  readonly ed: number;
  /** Each purpose answered: its detail, and the edition that bounds it. */
  readonly ch: Readonly<Record<string, Pair>>;
}

export interface Host {
  /** What the state cookie says at this moment; null when nothing was answered. */
  state(): Told | null;
  /** Whether the browser sends Sec-GPC, as `navigator.globalPrivacyControl` says. */
  readonly gpc: boolean;
  /** Called when the site has taken an answer and set its cookies: read the state again, tell listeners and other tabs. */
  answered(): void;
}
