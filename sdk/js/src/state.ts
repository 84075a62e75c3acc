/**
 * The state cookie as the page reads it: a JWT whose signature only the site can check. A forged one fools this page
 * alone; the collector goes by its ledger.
 */
import type { State } from "./api.ts";

const COOKIE = "__Host-askfirst";
const LONGEST_LIFE = 400 * 86_400; // seconds; RFC 6265bis section 5.6

/**
 * What `document.cookie` says for this site at this time (unix seconds); of several cookies the meet counts (M40).
 * `suffix` is what the names end with below a root path.
 */
export function readState(cookies: string, site: string, now: number, suffix = ""): State | null {
  const read = (name: string): State[] =>
    cookies
      .split(/; */)
      .flatMap((cookie) => (cookie.startsWith(`${name}=`) && decode(cookie.slice(name.length + 1), site, now)) || []);
  const own = read(COOKIE + suffix);
  // Of a parent domain, so it may be anybody's there.
  return read("askfirst").reduce<State | null>(below, own[0] ? own.reduce(narrowest) : null);
}

/** The state in a token, or null for one that is another site's, malformed, run out, or further ahead than any is. */
export function decode(token: string, site: string, now: number): State | null {
  const [, body, signature] = token.split(".");
  try {
    const { aud, ch, ed, exp } = JSON.parse(atob((body as string).replace(/-/g, "+").replace(/_/g, "/")));
    // A clock that is years off puts every answer outside this window: then nothing is allowed.
    if (signature && aud === site && isNumber(ed) && now < exp && exp <= now + LONGEST_LIFE) {
      const choices: [string, never][] = Object.entries(ch);
      if (choices.every(([, detail]) => detail < 3 && isNumber(detail))) return state(ed, choices);
      if (choices.every(([, pair]) => isPair(pair))) return ofFour(choices);
    }
  } catch {
    // Whatever it is, it is no answer.
  }
  return null;
}

const isNumber = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const isPair = (pair: readonly unknown[]): boolean =>
  pair.length === 2 && pair.every(isNumber) && (pair[0] as number) < 4;

/** What grants nothing is bounded by nothing. */
const state = (edition: number, choices: [string, number][]): State => ({
  edition: choices.some(([, detail]) => detail) ? edition : 0,
  choices: Object.fromEntries(choices) as State["choices"],
});

/** A cookie of before, with four details and an edition for each purpose: as terms/token.py reads it. */
function ofFour(pairs: [string, [number, number]][]): State {
  // What has no equal is left out: it is asked about again.
  const equal = pairs.filter(([name, [detail]]) => detail !== 1 && !(detail === 2 && name.includes("/")));
  const least = (part: 0 | 1): number => Math.min(...equal.flatMap(([, pair]) => (pair[0] ? pair[part] : [])));
  return state(
    least(1),
    equal.map(([name, [detail]]) => [name, detail && least(0) - 1]),
  );
}

/** The coarser detail and the older edition; a refusal in either one stands, a grant needs both. */
export function narrowest(a: State, b: State): State {
  const choices = Object.entries({ ...a.choices, ...b.choices })
    .filter(([name, detail]) => !detail || (name in a.choices && name in b.choices))
    .map(([name, detail]): [string, number] => [name, Math.min(detail, a.choices[name] ?? 0)]);
  const edition = Math.min(a.edition || b.edition, b.edition || a.edition);
  return state(edition, choices);
}

/** A parent domain's cookie refuses and narrows, and grants nothing. */
function below(state: State | null, parent: State): State | null {
  const own = state ?? { ...parent, choices: {} };
  const met = narrowest(own, { ...parent, choices: { ...own.choices, ...parent.choices } });
  return state || Object.keys(met.choices)[0] ? met : null;
}
