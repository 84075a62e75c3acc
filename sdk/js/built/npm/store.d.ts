/** The consent as every framework wants it: a value that is the same until it changes, and who is to hear of a change. */
import type { Askfirst, ConsentView } from "../src/api.js";
import { type InitOptions } from "./index.js";
/** Starts askfirst with the first options it is called with; without a page it does nothing. */
export declare function begin(options?: InitOptions): Askfirst;
export declare const snapshot: () => ConsentView;
/** What a server renders, and a browser at first: nothing is known, nothing is allowed. */
export declare const unknown: () => ConsentView;
export declare function subscribe(listener: () => void): () => void;
/** Whether all of these purposes, with spaces between them, are allowed. */
export declare const allowed: ({ scopes }: ConsentView, purposes: string) => boolean;
