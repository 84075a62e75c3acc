/** askfirst as a module. Importing it does nothing; without a page `init` allows nothing. */
import type { Askfirst } from "../src/api.ts";
import { nothing } from "../src/consent.ts";
import { BASE } from "../src/file.ts";
import { install } from "../src/install.ts";

export type { Askfirst, ConsentView, Detail, Properties, Question, Scope, Source } from "../src/api.ts";

declare global {
  interface Window {
    readonly askfirst?: Askfirst;
  }
}

export interface InitOptions {
  /** Where the site has our files; "/askfirst/static/" where nothing else is said. */
  readonly base?: string;
  /** The page's own nonce: scripts that wait then run only with the same one. */
  readonly nonce?: string;
  /** Loads the page again after a withdrawal. */
  readonly reload?: boolean;
  /** Origin of a collector that the page itself sends to, where the site has no server of ours. */
  readonly collector?: string;
}

/** Starts askfirst, once a page, and answers `window.askfirst`. Throws nothing: what cannot start allows nothing. */
export function init({ base = BASE, nonce = "", reload = false, collector }: InitOptions = {}): Askfirst {
  try {
    if (globalThis.document) return install({ base: new URL(base, location.href).href, nonce, reload, collector });
  } catch {
    // A browser that is too old, or a page that broke it.
  }
  return inert;
}

/** What a server that renders a page has: nothing is known, nothing is allowed. */
const inert: Askfirst = {
  allows: () => false,
  consent: nothing(),
  on: () => () => false,
  ready: new Promise(() => undefined),
  track: () => undefined,
  show: () => undefined,
  refresh: () => undefined,
};
