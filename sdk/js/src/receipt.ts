/** What the browser holds of an answer where no server of the site does: the receipt, and the state cookie, unsigned. */
import { json } from "./json.ts";
import { writeCookie } from "./native.ts";

const RECEIPT = "askfirst-receipt"; // key of local storage
const STATE = "__Host-askfirst";
const [HEADER, SIGNATURE] = ["e30", "unsigned"]; // nobody but the site's pages goes by it

export interface Answer {
  readonly v: number;
  readonly edition: string;
  readonly lang: string;
  readonly method: string;
  readonly choices?: Readonly<Record<string, number>>;
}

/** `owed` is an answer that the collector has not taken yet: it goes before any later one. */
export interface Kept {
  readonly secret: string;
  readonly since?: number; // milliseconds: when what is agreed to was, by this browser's clock
  readonly owed?: Answer | undefined;
}

/** What an answer comes to, as the collector says it: claims of the state token (docs/gate.md). */
export interface Claims {
  readonly ch: Readonly<Record<string, number>>;
  readonly ed: number;
  readonly exp: number; // unix seconds
}

/** `suffix` as in readState; storage that is denied holds nothing. */
export function readKept(suffix: string): Kept | undefined {
  try {
    return JSON.parse(localStorage.getItem(RECEIPT + suffix) as string) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Throws where storage is denied: without its receipt a visitor could take nothing back. */
export const writeKept = (suffix: string, kept: Kept | undefined): void =>
  kept ? localStorage.setItem(RECEIPT + suffix, json(kept)) : localStorage.removeItem(RECEIPT + suffix);

/**
 * Writes the state cookie: the same bytes for all with that choice in that half-year. One that has ended is removed. `now`
 * is the site's time in milliseconds: by an end of its own a browser whose clock is off would drop it.
 */
export function setState(site: string, suffix: string, { ch, ed, exp }: Claims, now: number): void {
  const sorted = Object.fromEntries(Object.entries(ch).sort(([a], [b]) => (a < b ? -1 : 1)));
  const token = [HEADER, base64url(json({ aud: site, ch: sorted, ed, exp })), SIGNATURE].join(".");
  writeCookie(`${STATE}${suffix}=${token}; Secure; Path=/; SameSite=Lax; Max-Age=${exp - Math.floor(now / 1000)}`);
}

/** When an answer of now runs out: the end of the half-year after its own, UTC, as terms/token.py reckons it. */
export const expiresAt = (now: Date): number =>
  Date.UTC(now.getUTCFullYear() + 1, now.getUTCMonth() < 6 ? 0 : 6) / 1000;

export const base64url = (bytes: string): string =>
  btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
