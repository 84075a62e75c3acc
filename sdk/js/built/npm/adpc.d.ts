import { type InitOptions } from "./index.js";
/** Starts askfirst with these options, if nobody has, and follows the browser's decisions; without a page nothing. */
export declare function adpc(options?: InitOptions): void;
