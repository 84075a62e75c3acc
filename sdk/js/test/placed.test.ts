/** What is allowed and asked where collectors are placed: every case that Python decided, page by page. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Detail, Published, Scope, State } from "../src/api.ts";
import { decide } from "../src/consent.ts";
import { onPage } from "../src/standing.ts";
import { vectors } from "./vectors.ts";

interface Case {
  state: { aud: string; ed: number; exp: number; ch: Record<string, Detail> } | null;
  gpc: boolean;
  dnt: boolean;
  allows: string[];
  scopes: Record<string, Scope>;
  asks_on: Record<string, string[]>;
  source: string;
}

interface Cases {
  origins: [string, string];
  histories: { published: Published; cases: Case[] }[];
}

const { origins, histories } = vectors("placed") as Cases;
const [origin] = origins;
const stateOf = ({ state }: Case): State | null => state && { edition: state.ed, choices: state.ch };

test("M49: script and gate allow and ask the same, on every page", () => {
  assert.ok(histories.length >= 5);
  for (const { published, cases } of histories) {
    assert.ok(cases.length > 20);
    for (const each of cases) {
      for (const [path, asks] of Object.entries(each.asks_on)) {
        const found = decide(onPage(published, origin, path), stateOf(each), { gpc: each.gpc, dnt: each.dnt });
        const where = JSON.stringify({ edition: published.number, path, ...each });
        assert.deepEqual(Object.keys(found.scopes).sort(), [...each.allows].sort(), where);
        assert.deepEqual(found.scopes, each.scopes, where);
        assert.deepEqual(
          found.asks.map(({ purpose }) => purpose),
          asks,
          where,
        );
        assert.equal(found.source, each.source, where);
      }
    }
  }
});

test("M49: on an origin of the site where a collector does not stand it is not asked about", () => {
  const { published } = histories[1] as Cases["histories"][0];
  const asked = (from: string) => onPage(published, from, "/tides/news").asked.slice(published.asked.length);
  assert.deepEqual(asked(origin), ["press/statistics", "press/marketing", "tides/statistics"]);
  assert.deepEqual(asked(origins[1]), ["tides/statistics"], "it stands on all of the site's");
});

test("what a page is told of placed purposes leaves the site's own as they were", () => {
  const { published } = histories[1] as Cases["histories"][0];
  const found = onPage(published, origin, "/press/today");
  assert.deepEqual(found.asked.slice(0, published.asked.length), published.asked);
  for (const [name, purpose] of Object.entries(published.policy.purposes)) {
    assert.equal(found.policy.purposes[name], purpose);
  }
  assert.ok(found.policy.purposes["tides/statistics"], "collectors of other pages are withdrawn here too");
  assert.ok(!found.asked.includes("tides/statistics"));
});
