/** askfirst as a module. Importing it does nothing; without a page `init` allows nothing. */
import type { Askfirst } from "../src/api.js";
export type { Askfirst, ConsentView, Detail, Properties, Question, Scope, Source } from "../src/api.js";
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
export declare function init({ base, nonce, reload, collector }?: InitOptions): Askfirst;
