/**
 * The state cookie as the page reads it: a JWT whose signature only the site can check. A forged one fools this page
 * alone; the collector goes by its ledger.
 */
import type { Choice, State } from "./api.ts";

const COOKIE = "__Host-askfirst=";
const PARENT = "askfirst="; // of a parent domain, so it may be anybody's there
const HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"; // {"alg":"HS256","typ":"JWT"}
const LONGEST_LIFE = 400 * 86_400; // seconds; RFC 6265bis section 5.6

/** What `document.cookie` says for this site at this time (unix seconds); of several cookies the meet counts (M40). */
export function readState(cookies: string, site: string, now: number): State | null {
  const read = (start: string): State[] =>
    cookies
      .split(/; */)
      .map((cookie) => (cookie.startsWith(start) ? decode(cookie.slice(start.length), site, now) : null))
      .filter((state) => state !== null);
  const own = read(COOKIE);
  return read(PARENT).reduce<State | null>(below, own.length > 0 ? own.reduce(narrowest) : null);
}

/** The state in a token, or null for one that is another site's, malformed, run out, or further ahead than any is. */
export function decode(token: string, site: string, now: number): State | null {
  const [header, body, signature] = token.split(".");
  try {
    const { aud, ch, ed, exp } = JSON.parse(atob(`${body}`.replace(/-/g, "+").replace(/_/g, "/")));
    // A clock that is years off puts every answer outside this window: then nothing is allowed.
    const lasts =
      header === HEADER && signature && aud === site && isNumber(ed) && now < exp && exp <= now + LONGEST_LIFE;
    return lasts && Object.values(ch).every(isChoice) ? { site, edition: ed, choices: ch, expires: exp } : null;
  } catch {
    return null;
  }
}

const isNumber = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const isChoice = (pair: unknown): pair is Choice => Array.isArray(pair) && pair.length === 2 && pair.every(isNumber);

/** The coarser detail and the older edition; a refusal in either one stands, a grant needs both. */
export function narrowest(a: State, b: State): State {
  const choices: Record<string, Choice> = {};
  for (const name of Object.keys({ ...a.choices, ...b.choices })) {
    const one = a.choices[name];
    const other = b.choices[name];
    const only = one ?? other;
    if (one && other) choices[name] = [Math.min(one[0], other[0]), Math.min(one[1], other[1])];
    else if (only?.[0] === 0) choices[name] = only;
  }
  return { ...a, edition: Math.min(a.edition, b.edition), choices, expires: Math.min(a.expires, b.expires) };
}

/** A parent domain's cookie refuses and narrows, and grants nothing. */
function below(state: State | null, parent: State): State | null {
  const own = state ?? { ...parent, choices: {} };
  const met = narrowest(own, { ...parent, choices: { ...own.choices, ...parent.choices } });
  return state || Object.keys(met.choices).length > 0 ? met : null;
}
