import { type InitOptions } from "./index.js";
/** The purposes that their words stand for: each a list, or names with spaces between; none stays denied. */
export interface ConsentModeOptions extends InitOptions {
    readonly analytics?: string | readonly string[];
    readonly ads?: string | readonly string[];
    readonly preferences?: string | readonly string[];
}
/** Starts askfirst with these options, if nobody has, and tells the tags, once a page; without a page nothing. */
export declare function consentMode({ analytics, ads, preferences, ...options }?: ConsentModeOptions): void;
