/** askfirst for Svelte: a store, and a gate around what waits for consent. Renders on a server as unanswered. */
import { type Readable, readable } from "svelte/store";
import type { ConsentView, Properties } from "../src/api.ts";
import { allowed, begin, snapshot, subscribe, unknown } from "./store.ts";

export { allowed as allows };

/** The consent; `$consent` in a component. Starts askfirst where `start` was not called. */
export const consent: Readable<ConsentView> = readable(unknown(), (set) => {
  if (!globalThis.document) return;
  const stop = subscribe(() => set(snapshot()));
  // Not at once: a page that a server rendered is taken over as it was rendered.
  queueMicrotask(() => set(snapshot()));
  return stop;
});

/** Starts askfirst with options. */
export const start = begin;
export const track = (name: string, properties?: Properties): void => begin().track(name, properties);
export const show = (): void => begin().show();
