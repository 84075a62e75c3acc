/** askfirst for React: a provider, a hook, and a gate around what waits for consent. Renders on a server as unanswered. */
import { type ReactNode, useState, useSyncExternalStore } from "react";
import type { Askfirst, ConsentView } from "../src/api.ts";
import type { InitOptions } from "./index.ts";
import { allowed, begin, snapshot, subscribe, unknown } from "./store.ts";

export interface Consent extends Pick<Askfirst, "track" | "show"> {
  readonly consent: ConsentView;
  /** Whether all of these purposes, with spaces between them, are allowed. */
  readonly allows: (purposes: string) => boolean;
}

/** Starts askfirst with options; without one it starts with the first hook or gate, with none. */
export function AskfirstProvider({ children, ...options }: InitOptions & { readonly children?: ReactNode }): ReactNode {
  // While it renders, and not in an effect: those of the children come first.
  useState(() => begin(options));
  return children;
}

export function useConsent(): Consent {
  const consent = useSyncExternalStore(subscribe, snapshot, unknown);
  return {
    consent,
    allows: (purposes) => allowed(consent, purposes),
    track: (name, properties) => begin().track(name, properties),
    show: () => begin().show(),
  };
}

export interface GateProps {
  readonly purpose: string;
  readonly fallback?: ReactNode;
  readonly children?: ReactNode;
}

/** Its children where the purpose is allowed, else the fallback. */
export function Gate({ purpose, fallback, children }: GateProps): ReactNode {
  return useConsent().allows(purpose) ? children : fallback;
}
