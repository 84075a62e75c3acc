/** The state cookie: what Python signs is read here alike, and anything else means "not asked yet". */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Detail, State } from "../src/api.ts";
import { expiresAt } from "../src/receipt.ts";
import { decode, narrowest, readState } from "../src/state.ts";
import { vectors } from "./vectors.ts";

interface Claims {
  aud: string;
  ed: number;
  ch: Record<string, Detail>;
  exp: number;
}

interface Cases {
  now: number;
  site: string;
  good: { token: string; state: Claims }[];
  bad: string[];
  ends: { now: number; expires: number }[];
  lapsed: string[];
  foreign: string[];
  narrowest: { states: Claims[]; meet: Claims }[];
}

const cases = vectors("state") as Cases;
const { now, site } = cases;
const stateOf = ({ ed, ch }: Claims): State => ({ edition: ed, choices: ch });
const token = (claims: unknown): string =>
  `eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;
const claims = { aud: site, ed: 1, ch: {}, exp: now + 1000 };

test("M40: the tokens that Python wrote are read, and those it refuses are refused", () => {
  for (const { token: good, state } of cases.good) {
    assert.deepEqual(decode(good, site, now), stateOf(state));
    assert.deepEqual(readState(`a=1; __Host-askfirst=${good}; b=2`, site, now), stateOf(state));
  }
  for (const refused of [...cases.bad, ...cases.lapsed, ...cases.foreign])
    assert.equal(decode(refused, site, now), null);
});

test("M40: of several cookies the meet counts", () => {
  assert.ok(cases.narrowest.length > 3);
  for (const { states, meet } of cases.narrowest) {
    assert.deepEqual(states.map(stateOf).reduce(narrowest), stateOf(meet));
  }
  const wide = token({ ...claims, ch: { statistics: 2 } });
  const none = token({ ...claims, ch: { statistics: 0 } });
  const cookies = `__Host-askfirst=${wide}; __Host-askfirst=${none}`;
  assert.deepEqual(readState(cookies, site, now)?.choices, { statistics: 0 });
});

test("M40: a cookie without the prefix, which a parent domain could set, refuses and narrows, and grants nothing", () => {
  const cookie = (ch: unknown): string => token({ ...claims, ch });
  const read = (own: unknown, parent: unknown): State["choices"] | undefined =>
    readState(`${own ? `__Host-askfirst=${cookie(own)}; ` : ""}askfirst=${cookie(parent)}`, site, now)?.choices;
  assert.equal(read(undefined, { statistics: 2 }), undefined);
  assert.deepEqual(read(undefined, { statistics: 2, marketing: 0 }), { marketing: 0 });
  assert.deepEqual(read({ statistics: 1 }, { statistics: 2, marketing: 2 }), { statistics: 1 });
  assert.deepEqual(read({ statistics: 2 }, { statistics: 1 }), { statistics: 1 });
  assert.deepEqual(read({ statistics: 2 }, { marketing: 0 }), { statistics: 2, marketing: 0 });
  assert.equal(readState(`x__Host-askfirst=${cookie({ statistics: 2 })}`, site, now), null);
});

test("a clock that is years off allows nothing, whichever way it is off", () => {
  const good = token(claims);
  assert.ok(decode(good, site, now));
  for (const years of [-10, -2, 2, 10]) assert.equal(decode(good, site, now + years * 365 * 86_400), null);
});

test("claims of any other shape are refused", () => {
  const bad: unknown[] = [
    null,
    [],
    "x",
    { ...claims, ch: ["x"] },
    { ...claims, ch: null },
    { ...claims, ch: { a: [-1, 1] } },
    { ...claims, ch: { a: -1 } },
    { ...claims, ch: { a: "2" } },
    { ...claims, ch: { a: 1.5 } },
    { ...claims, ch: { a: null } },
    { ...claims, ch: { a: 2, b: [3, 1] } },
    { ...claims, ch: { a: [3] } },
    { ...claims, ch: { a: ["3", 1] } },
    { ...claims, ch: { a: [3, 1, 1] } },
    { ...claims, ed: "1" },
    { ...claims, ed: true },
    { ...claims, exp: 2 ** 60 },
  ];
  for (const each of bad) assert.equal(decode(token(each), site, now), null, JSON.stringify(each));
});

test("no cookie jar makes the reader throw", () => {
  const any = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json().map((text) => `__Host-askfirst=${token(text)}`),
  );
  fc.assert(
    fc.property(any, (cookies) => void readState(cookies, site, now)),
    { numRuns: 500 },
  );
});

test("M10: an answer that the page keeps itself runs out when one of the gate does", () => {
  assert.ok(cases.ends.length > 3);
  for (const { now, expires } of cases.ends) assert.equal(expiresAt(new Date(now * 1000)), expires);
});
