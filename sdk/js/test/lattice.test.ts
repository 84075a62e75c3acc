/** M44: the chain is a lattice, in TypeScript as in Python. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Scope } from "../src/api.ts";
import { atDetail, generalise, meet, type Value } from "../src/lattice.ts";
import { vectors } from "./vectors.ts";

interface Cases {
  attributes: Record<string, string[]>;
  pairs: { a: Scope; b: Scope; meet: Scope; a_within_b: boolean }[];
  details: { scope: Scope; at: Scope[] }[];
  cuts: { scope: Scope; values: Record<string, Value>; cut: Record<string, Value> }[];
}

const cases = vectors("scope") as Cases;
const attributes = Object.entries(cases.attributes);

const scopes: fc.Arbitrary<Scope> = fc
  .record(Object.fromEntries(attributes.map(([name, parts]) => [name, fc.integer({ min: 0, max: parts.length })])))
  .map((levels) => Object.fromEntries(Object.entries(levels).filter(([, level]) => level > 0)));

const values: fc.Arbitrary<Record<string, Value>> = fc
  .record(
    Object.fromEntries(attributes.map(([name, { length }]) => [name, fc.array(fc.string(), { maxLength: length })])),
  )
  .chain((all) => fc.subarray(Object.entries(all)).map((some) => Object.fromEntries(some)));

const within = (a: Scope, b: Scope): boolean => Object.entries(a).every(([name, level]) => level <= (b[name] ?? 0));

test("M44: the cases that Python decided are decided alike", () => {
  assert.ok(cases.pairs.length > 50 && cases.details.length > 10 && cases.cuts.length > 10);
  for (const { a, b, meet: expected, a_within_b } of cases.pairs) {
    assert.deepEqual(meet(a, b), expected);
    assert.equal(within(a, b), a_within_b);
  }
  for (const { scope, at } of cases.details) {
    for (const [detail, expected] of at.entries()) assert.deepEqual(atDetail(scope, detail), expected);
  }
  for (const { scope, values: given, cut } of cases.cuts) assert.deepEqual(generalise(scope, given), cut);
});

test("M44: meet is idempotent, commutative, associative and never wider than either side", () => {
  fc.assert(
    fc.property(scopes, scopes, scopes, (a, b, c) => {
      assert.deepEqual(meet(a, a), a);
      assert.deepEqual(meet(a, b), meet(b, a));
      assert.deepEqual(meet(meet(a, b), c), meet(a, meet(b, c)));
      assert.ok(within(meet(a, b), a) && within(meet(a, b), b));
    }),
  );
});

test("M44: generalising twice equals once, and to a and then to b equals to their meet", () => {
  fc.assert(
    fc.property(scopes, scopes, values, (a, b, given) => {
      assert.deepEqual(generalise(a, generalise(a, given)), generalise(a, given));
      assert.deepEqual(generalise(b, generalise(a, given)), generalise(meet(a, b), given));
    }),
  );
});

test("a lower detail is never wider, and one that does not exist is none", () => {
  fc.assert(
    fc.property(scopes, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }), (scope, one, other) => {
      assert.ok(within(atDetail(scope, Math.min(one, other)), atDetail(scope, Math.max(one, other))));
    }),
  );
  for (const detail of [-1, 3, 4, 1.5, Number.NaN]) assert.deepEqual(atDetail({ page: 3, visitor: 2 }, detail), {});
});
