import { type InitOptions } from "./index.js";
export interface GppOptions extends InitOptions {
    /** The purposes that sell, share or target: a list, or names with spaces between. */
    readonly ads?: string | readonly string[];
}
/** Starts askfirst with these options, if nobody has, and answers `__gpp`, once a page; without a page nothing. */
export declare function gpp({ ads, ...options }?: GppOptions): void;
