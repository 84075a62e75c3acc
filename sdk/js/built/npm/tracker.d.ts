/** The types of tracker.js, for whoever loads it by a way of their own. */
import type { TrackerModule } from "../src/api.js";
export type { Grants, Tracker } from "../src/api.js";
export declare const start: TrackerModule["start"];
