/** The types of tracker.js, for whoever loads it by a way of their own. */
import type { TrackerModule } from "../src/api.ts";

export type { Grants, Tracker } from "../src/api.ts";
export declare const start: TrackerModule["start"];
