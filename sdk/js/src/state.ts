/**
 * The state cookie as the page reads it: a JWT whose signature only the site can check. A forged one fools this page
 * alone; the collector goes by its ledger.
 */
import type { Choice, State } from "./api.ts";

const COOKIE = "__Host-askfirst=";
const HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"; // {"alg":"HS256","typ":"JWT"}
const LONGEST = 3000; // characters
const LONGEST_LIFE = 400 * 86_400; // seconds; RFC 6265bis section 5.6
const NAME = /^[a-z][a-z0-9_-]{0,39}(\/[a-z][a-z0-9_-]{0,39})?$/;

/** What `document.cookie` says for this site at this time (unix seconds); of several cookies the meet counts. */
export function readState(cookies: string, site: string, now: number): State | null {
  let found: State | null = null;
  for (const cookie of cookies.split(/; */)) {
    const state = cookie.startsWith(COOKIE) ? decode(cookie.slice(COOKIE.length), site, now) : null;
    found = found && state ? narrowest(found, state) : (found ?? state);
  }
  return found;
}

/** The state in a token, or null for one that is another site's, malformed, run out, or further ahead than any is. */
export function decode(token: string, site: string, now: number): State | null {
  const [header, body, signature, ...more] = token.split(".");
  if (token.length > LONGEST || header !== HEADER || !body || !signature || more.length > 0) return null;
  try {
    const claims: unknown = JSON.parse(atob(body.replace(/-/g, "+").replace(/_/g, "/")));
    const state = stateOf(claims);
    // A clock that is years off puts every answer outside this window: then nothing is allowed.
    return state && state.site === site && now < state.expires && state.expires <= now + LONGEST_LIFE ? state : null;
  } catch {
    return null;
  }
}

function stateOf(claims: unknown): State | null {
  if (!isTable(claims) || Object.keys(claims).sort().join() !== "aud,ch,ed,exp") return null;
  const { aud, ch, ed, exp } = claims;
  if (typeof aud !== "string" || !isNumber(ed) || !isNumber(exp) || !isTable(ch)) return null;
  const well = Object.entries(ch).every(([name, pair]) => NAME.test(name) && isPair(pair));
  return well ? { site: aud, edition: ed, choices: ch as State["choices"], expires: exp } : null;
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isPair = (pair: unknown): boolean =>
  Array.isArray(pair) && pair.length === 2 && pair.every(isNumber) && Number(pair[0]) < 4;

/** The coarser detail and the older edition; a refusal in either one stands, a grant needs both. */
export function narrowest(a: State, b: State): State {
  const choices: Record<string, Choice> = {};
  for (const name of Object.keys({ ...a.choices, ...b.choices })) {
    const one = a.choices[name];
    const other = b.choices[name];
    const only = one ?? other;
    if (one && other) choices[name] = [Math.min(one[0], other[0]), Math.min(one[1], other[1])];
    else if (only && only[0] === 0) choices[name] = only;
  }
  return {
    site: a.site,
    edition: Math.min(a.edition, b.edition),
    choices,
    expires: Math.min(a.expires, b.expires),
  };
}
