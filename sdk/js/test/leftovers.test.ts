/** M12: what a withdrawal takes away, and what stays because somebody who may go on declares it too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConsentView, Detail, PolicyDocument, Published, PurposeDocument } from "../src/api.ts";
import { leftovers } from "../src/leftovers.ts";
import { onPage } from "../src/standing.ts";
import { vectors } from "./vectors.ts";

const { origins, histories } = vectors("placed") as { origins: string[]; histories: { published: Published }[] };
const published = histories[1]?.published as Published;
const lists = (purpose: PurposeDocument | undefined, ...cookies: string[]): PurposeDocument =>
  ({ ...purpose, cookies: [...cookies, "_shared"] }) as PurposeDocument;

/** Purposes with a cookie of their own each, and one that all share; what a collector lists its site lists too. */
function declared(): PolicyDocument {
  const { policy } = onPage(published, origins[0] ?? "", "/");
  const { statistics, marketing } = policy.purposes;
  const tides = lists(policy.purposes["tides/statistics"], "_tide");
  const own = { statistics: lists(statistics, "_stat", "_tide"), marketing: lists(marketing, "_ads") };
  return { ...policy, purposes: { ...own, "tides/statistics": tides } };
}

const view = (details: Record<string, Detail>): ConsentView => ({
  source: "visitor",
  details,
  scopes: Object.fromEntries(Object.entries(details).flatMap(([name, detail]) => (detail ? [[name, {}]] : []))),
  asks: [],
});

const gone = (before: ConsentView, now: ConsentView): string[] => {
  const [goes, stays] = leftovers(declared(), before, now);
  return [...new Set(goes.cookies)].filter((name) => !stays.cookies.includes(name)).sort();
};

test("M12: a purpose that ends takes its own with it, and leaves what another one that is allowed declares", () => {
  const all = view({ statistics: 2, marketing: 2 });
  assert.deepEqual(gone(all, view({ statistics: 0, marketing: 2 })), ["_stat", "_tide"]);
  assert.deepEqual(gone(all, view({ statistics: 0, marketing: 0 })), ["_ads", "_shared", "_stat", "_tide"]);
});

test("M12: a placed collector that was not agreed to keeps nothing of the site's back", () => {
  assert.ok(gone(view({ statistics: 2, marketing: 0 }), view({ statistics: 0, marketing: 0 })).includes("_shared"));
  const vanished = { ...view({}), source: "none" } as const;
  assert.ok(gone(view({ statistics: 2, marketing: 2 }), vanished).includes("_shared"));
});

test("M12: one that was agreed to keeps what it declares while it is allowed, and not longer", () => {
  const placed = view({ statistics: 0, marketing: 0, "tides/statistics": 2 });
  assert.deepEqual(gone(view({}), placed), ["_ads", "_stat"]);
  const ended = view({ statistics: 0, marketing: 0, "tides/statistics": 0 });
  assert.deepEqual(gone(placed, ended), ["_ads", "_shared", "_stat", "_tide"]);
});

test("M01: before an answer nothing that the site declares is looked for", () => {
  const unanswered = { ...view({}), source: "none" } as const;
  assert.deepEqual(gone(unanswered, unanswered), []);
});
