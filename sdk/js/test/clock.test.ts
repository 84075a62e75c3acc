/** The site's clock by its responses: how long an answer holds is reckoned by it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ahead } from "../src/clock.ts";

const HOUR = 3_600_000;
const by = (headers: Record<string, string>): number => Math.round(ahead(new Response("", { headers })) / HOUR) + 0;
const date = (hours: number): string => new Date(Date.now() + hours * HOUR).toUTCString();

test("M08: a copy that a shared cache has kept for a day makes no answer last a day longer", () => {
  assert.equal(by({ date: date(-24), age: "86400" }), 0);
  assert.equal(by({ date: date(-20), age: "86400" }), 4);
});

test("a response says how far the clocks are apart; one that does not, or says nonsense, moves none", () => {
  assert.equal(by({ date: date(5) }), 5);
  assert.equal(by({ date: date(-5), age: "0" }), -5);
  for (const headers of [{}, { date: "yesterday" }, { age: "86400" }, { date: date(-5), age: "long" }])
    assert.equal(by(headers as Record<string, string>), 0);
});
