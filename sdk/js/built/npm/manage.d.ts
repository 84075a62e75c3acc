/** The calls that people know from other consent tools, for a page that imports askfirst. */
import type { ManageApi } from "../src/api.js";
import { type InitOptions } from "./index.js";
export type { Declared, ManageApi } from "../src/api.js";
/** Starts askfirst with these options, if nobody has, and answers its calls; without a page they do nothing. */
export declare function manage(options?: InitOptions): ManageApi;
