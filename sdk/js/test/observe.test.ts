/** Values are cut in the page to what was agreed: nothing finer leaves it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { action } from "../src/action.ts";
import type { Values } from "../src/api.ts";
import { matches } from "../src/globs.ts";
import { page, pathOf } from "../src/page.ts";
import { screenAt } from "../src/screen.ts";
import { vectors } from "./vectors.ts";

const at = (address: string, level: number, listed: Record<string, string[]> = {}): string =>
  page(new URL(address, "https://shop.example"), level, listed);

test("M26: a page is its section, its path, and of the query what is listed", () => {
  const listed = { sort: ["price", "name"], tag: ["a&b"] };
  const address = "/shop/shoes/red?sort=price&email=a@b.c&tag=a%26b#fragment";
  assert.equal(at(address, 0, listed), "/");
  assert.equal(at(address, 1, listed), "/shop");
  assert.equal(at(address, 2, listed), "/shop/shoes/red");
  assert.equal(at(address, 3, listed), "/shop/shoes/red?sort=price&tag=a%26b");
  assert.equal(at("/shop?sort=secret", 3, listed), "/shop?sort=");
  assert.equal(at("/", 1), "/");
  assert.equal(page({ pathname: "//;id=7/shop/x", search: "" }, 1, {}), "/shop");
  assert.equal(at("/x?constructor=1&__proto__=2", 3, listed), "/x");
});

test("M26: a route behind the fragment is told where the site says so, and nothing else of it", () => {
  const told = (address: string, routed?: boolean): string => pathOf(new URL(address, "https://shop.example"), routed);
  assert.equal(told("/app#/orders/8?tab=SECRET", true), "/app/orders/8");
  assert.equal(told("/#/", true), "//");
  for (const address of ["/app#SECRET", "/app#?/SECRET", "/app#a/SECRET", "/app#", "/app"])
    assert.equal(told(address, true), "/app");
  assert.equal(told("/app#/orders/8"), "/app");
  assert.equal(told("/app#/orders/8", false), "/app");
});

test("M26: no value of the query that is not listed leaves the page", () => {
  fc.assert(
    fc.property(fc.webQueryParameters(), fc.integer({ min: 0, max: 3 }), (query, level) => {
      const told = page({ pathname: "/a", search: `?canary=SECRET&${query}&listed=SECRET` }, level, { listed: ["ok"] });
      assert.ok(!told.includes("SECRET"));
    }),
  );
});

interface Address {
  readonly page: number;
  readonly campaign: number;
  readonly path: string;
  readonly query: string;
  readonly left: string;
  readonly pairs: [string, string][];
}

test("M26: of an address the page lets leave what the site's server would, campaign included", () => {
  const { listed, cases } = vectors("addresses") as { listed: Record<string, Values>; cases: Address[] };
  assert.ok(cases.length > 100);
  for (const one of cases) {
    const search = one.query && `?${one.query}`;
    const [left, query] = page({ pathname: one.path, search }, one.page, listed, one.campaign).split("?");
    assert.deepEqual([left, ...new URLSearchParams(query)], [one.left, ...one.pairs], JSON.stringify(one));
  }
});

test("an action tells its name, listed properties with listed values, and the bucket of a number", () => {
  const listed = { plan: ["free", "pro"], seats: { buckets: [0, 10, 50] }, trial: ["true"], rooms: ["3"] };
  const given = { plan: "pro", seats: 37, trial: true, rooms: 3, email: "a@b.c", other: null };
  assert.deepEqual(action("signup", given, 1, listed), { name: "signup" });
  assert.deepEqual(action("signup", given, 2, listed), {
    name: "signup",
    properties: { plan: "pro", seats: 10, trial: "true", rooms: "3" },
  });
  assert.deepEqual(action("signup", { plan: "a@b.c", seats: -1 }, 2, listed).properties, { plan: "", seats: "" });
  assert.deepEqual(action("signup", { seats: "37", trial: null }, 2, listed).properties, { seats: "" });
  assert.deepEqual(action("signup", { seats: Number.NaN }, 2, listed).properties, { seats: "" });
});

test("of a property with any value a short one leaves the page", () => {
  const listed = { plan: "any" } as const;
  assert.deepEqual(action("signup", { plan: "gold" }, 2, listed).properties, { plan: "gold" });
  const long = action("signup", { plan: "x".repeat(500) }, 2, listed).properties;
  assert.deepEqual(long, { plan: "x".repeat(130) });
});

test("a screen is a class, a step, or exact, and a step lies in its class", () => {
  assert.equal(screenAt(1, 390, 844), "phone");
  assert.equal(screenAt(1, 820, 1180), "tablet");
  assert.equal(screenAt(1, 1366, 768), "desktop");
  assert.deepEqual(screenAt(2, 1366, 768), [1300, 700]);
  assert.deepEqual(screenAt(3, 1366, 768), [1366, 768]);
  const side = fc.integer({ min: 100, max: 9999 });
  fc.assert(
    fc.property(side, side, (width, height) => {
      const [wide, high] = screenAt(2, width, height) as readonly [number, number];
      assert.equal(screenAt(1, wide, high), screenAt(1, width, height));
    }),
  );
});

test("a glob stands for names that it describes, and its other signs for themselves", () => {
  for (const name of ["_pk_id", "_pk_", "_pk_ses.1.2"]) assert.ok(matches(name, ["_pk_*"]));
  assert.ok(matches("_ga", ["_gid", "_ga"]) && matches("a.b", ["a.b"]) && matches("x+y", ["*+y"]));
  for (const name of ["_pk", "x_pk_", "axb"]) assert.ok(!matches(name, ["_pk_*", "a.b"]));
  assert.ok(!matches("", []));
});
