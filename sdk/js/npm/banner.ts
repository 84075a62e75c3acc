/** The types of notice.js, for whoever loads it by a way of their own. */
import type { NoticeModule } from "../src/api.ts";

export type { NoticeContext } from "../src/api.ts";
export declare const show: NoticeModule["show"];
