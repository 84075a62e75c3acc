/** askfirst for React: a provider, a hook, and a gate around what waits for consent. Renders on a server as unanswered. */
import { type ComponentProps, createElement, type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
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

export interface EmbedProps extends Omit<ComponentProps<"iframe">, "src"> {
  readonly purpose: string;
  readonly src: string;
  readonly title: string;
}

/** A frame that waits for its purpose; in its place stands who would receive what. */
export function Embed({ purpose, src, ...attributes }: EmbedProps): ReactNode {
  useConsent();
  const [isTakenOver, setTakenOver] = useState(false);
  useEffect(() => setTakenOver(true), []);
  useEffect(() => {
    if (isTakenOver) begin().refresh();
  }, [isTakenOver]);
  // Not before: what stands beside a frame that waits would be in the way of taking over what a server rendered.
  const frame = { ...attributes, ...(isTakenOver && { "data-purpose": purpose }), "data-src": src };
  // An element around it, so that what is put beside the frame goes with it.
  return createElement("div", null, createElement("iframe", frame));
}
