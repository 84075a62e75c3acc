/** askfirst for Svelte: a store, and a gate around what waits for consent. Renders on a server as unanswered. */
import { type Readable } from "svelte/store";
import type { ConsentView, Properties } from "../src/api.js";
import { allowed, begin } from "./store.js";
export { allowed as allows };
/** The consent; `$consent` in a component. Starts askfirst where `start` was not called. */
export declare const consent: Readable<ConsentView>;
/** Starts askfirst with options. */
export declare const start: typeof begin;
export declare const track: (name: string, properties?: Properties) => void;
export declare const show: () => void;
