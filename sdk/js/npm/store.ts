/** The consent as every framework wants it: a value that is the same until it changes, and who is to hear of a change. */
import type { Askfirst, ConsentView } from "../src/api.ts";
import { nothing } from "../src/consent.ts";
import { type InitOptions, init } from "./index.ts";

const listeners = new Set<() => void>();
const initial = nothing();
let current = initial;
let isFollowed = false;

/** Starts askfirst with the first options it is called with; without a page it does nothing. */
export function begin(options?: InitOptions): Askfirst {
  const api = init(options);
  if (globalThis.document && !isFollowed) {
    isFollowed = true;
    api.on("change", (consent) => {
      current = consent;
      for (const listener of listeners) listener();
    });
  }
  return api;
}

export const snapshot = (): ConsentView => current;

/** What a server renders, and a browser at first: nothing is known, nothing is allowed. */
export const unknown = (): ConsentView => initial;

export function subscribe(listener: () => void): () => void {
  begin();
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Whether all of these purposes, with spaces between them, are allowed. */
export const allowed = ({ scopes }: ConsentView, purposes: string): boolean =>
  purposes.split(" ").every((purpose) => Object.hasOwn(scopes, purpose));
