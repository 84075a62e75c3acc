/** askfirst for React: a provider, a hook, and a gate around what waits for consent. Renders on a server as unanswered. */
import { type ComponentProps, type ReactNode } from "react";
import type { Askfirst, ConsentView } from "../src/api.js";
import type { InitOptions } from "./index.js";
export interface Consent extends Pick<Askfirst, "track" | "show"> {
    readonly consent: ConsentView;
    /** Whether all of these purposes, with spaces between them, are allowed. */
    readonly allows: (purposes: string) => boolean;
}
/** Starts askfirst with options; without one it starts with the first hook or gate, with none. */
export declare function AskfirstProvider({ children, ...options }: InitOptions & {
    readonly children?: ReactNode;
}): ReactNode;
export declare function useConsent(): Consent;
export interface GateProps {
    readonly purpose: string;
    readonly fallback?: ReactNode;
    readonly children?: ReactNode;
}
/** Its children where the purpose is allowed, else the fallback. */
export declare function Gate({ purpose, fallback, children }: GateProps): ReactNode;
export interface EmbedProps extends Omit<ComponentProps<"iframe">, "src"> {
    readonly purpose: string;
    readonly src: string;
    readonly title: string;
}
/** A frame that waits for its purpose; in its place stands who would receive what. */
export declare function Embed({ purpose, src, ...attributes }: EmbedProps): ReactNode;
