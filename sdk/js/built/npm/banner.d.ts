/** The types of notice.js, for whoever loads it by a way of their own. */
import type { NoticeModule } from "../src/api.js";
export type { NoticeContext } from "../src/api.js";
export declare const show: NoticeModule["show"];
