/** What is allowed and asked: every case that Python decided, for answers under any edition and any signals. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Detail, Published, Scope, State } from "../src/api.ts";
import { decide } from "../src/consent.ts";
import { vectors } from "./vectors.ts";

interface Case {
  state: { aud: string; ed: number; exp: number; ch: Record<string, Detail> } | null;
  gpc: boolean;
  dnt: boolean;
  allows: string[];
  scopes: Record<string, Scope>;
  asks: string[];
  source: string;
}

const { histories } = vectors("consent") as { histories: { published: Published; cases: Case[] }[] };

test("M16, M21, M23: script and gate allow and ask the same", () => {
  assert.ok(histories.length >= 5);
  for (const { published, cases } of histories) {
    assert.ok(cases.length > 20);
    for (const each of cases) {
      const { state: told, gpc, dnt } = each;
      const state: State | null = told && { edition: told.ed, choices: told.ch };
      const found = decide(published, state, { gpc, dnt });
      const where = JSON.stringify({ edition: published.number, told, gpc, dnt });
      assert.deepEqual(Object.keys(found.scopes).sort(), each.allows, where);
      assert.deepEqual(found.scopes, each.scopes, where);
      assert.deepEqual(
        found.asks.map(({ purpose }) => purpose),
        each.asks,
        where,
      );
      assert.equal(found.source, each.source, where);
    }
  }
});

test("M16: what widened is told with the question", () => {
  const history = histories.find(({ published }) => published.number === 2);
  assert.ok(history);
  const state: State = { edition: 1, choices: { statistics: 2 } };
  const asks = decide(history.published, state, { gpc: false, dnt: false }).asks;
  const statistics = asks.find(({ purpose }) => purpose === "statistics");
  assert.deepEqual(statistics?.widened, history.published.changes["1"]?.["statistics"]);
  assert.ok(statistics && statistics.widened.length > 0);
});

test("an edition that disappeared allows nothing, and the purpose is asked about", () => {
  const published = histories[0]?.published;
  assert.ok(published);
  const state: State = { edition: 7, choices: { statistics: 2 } };
  const found = decide(published, state, { gpc: false, dnt: false });
  assert.deepEqual(found.scopes, {});
  assert.ok(found.asks.some(({ purpose }) => purpose === "statistics"));
});
