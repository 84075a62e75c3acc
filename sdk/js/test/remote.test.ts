/** Answers of a site without a server: what is taken back while another answer is on its way is lost by nobody. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Route } from "../src/api.ts";
import { readState } from "../src/state.ts";

const SITE = "tides";
const NAMES = ["marketing", "preferences", "statistics"];
const EDITION = 3;
const published = { policy: { site: SITE }, asked: NAMES, number: EDITION, hash: "h", lang: "en" };

/** A request to the collector that has not been answered yet. */
interface Asked {
  readonly path: string;
  readonly body: {
    readonly method?: string;
    readonly secret?: string;
    readonly choices?: Readonly<Record<string, number>>;
  };
  readonly answer: (body: object, status?: number) => Promise<void>;
  readonly fail: () => Promise<void>;
  readonly block: () => Promise<void>;
}

const stored = new Map<string, string>();
const jar = new Map<string, string>();
let asked: Asked[] = [];

/** Only what remote.ts needs of a browser. A cookie is looked for on the prototypes of `document`, as there. */
class Page {
  get cookie(): string {
    return [...jar].map((pair) => pair.join("=")).join("; ");
  }
  set cookie(line: string) {
    const [pair = "", ...rest] = line.split("; ");
    const [name = "", value = ""] = pair.split("=");
    jar.delete(name);
    if (!rest.some((part) => /^Max-Age=(0|-)/.test(part))) jar.set(name, value);
  }
}

/** All that waits for no network is over. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const answered = (body: object, status = 200): Response => new Response(JSON.stringify(body), { status });

Object.assign(globalThis, {
  document: new Page(),
  localStorage: {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  },
  fetch: (address: URL | string, { body }: { body?: string } = {}) => {
    const { pathname } = new URL(address);
    if (!pathname.startsWith("/v1/")) return Promise.resolve(answered(published));
    return new Promise<Response>((resolve, reject) => {
      const over = (step: () => void): Promise<void> => {
        asked = asked.filter((other) => other !== request);
        step();
        return turn();
      };
      const request: Asked = {
        path: pathname,
        body: JSON.parse(body || "{}"),
        answer: (said, status) => over(() => resolve(answered(said, status))),
        fail: () => over(() => reject(new TypeError("network"))),
        block: () => over(() => resolve(new Response("<h1>Forbidden</h1>", { status: 403 }))),
      };
      asked.push(request);
    });
  },
});

/** A tab, or a part of the page that has a route of its own (adpc.js, manage.js). */
async function opened(): Promise<Route> {
  const { connect } = await import("../src/remote.ts");
  const route = connect("https://tides.example/askfirst/static/", "https://collector.example");
  await route.policy("en", "", "default");
  await turn();
  return route;
}

async function send(route: Route, method: string, choices?: Readonly<Record<string, number>>): Promise<Asked> {
  const response = route.send("consent", JSON.stringify({ v: 2, edition: "h", lang: "en", method, choices }));
  response.catch(() => undefined);
  await turn();
  return latest();
}

/** The newest that waits for an answer. */
function latest(): Asked {
  const request = asked.at(-1);
  assert.ok(request, "the collector was asked nothing");
  return request;
}

/** What the collector says of an answer that leaves these granted. */
const claims = (...names: string[]): object => ({
  state: {
    ch: Object.fromEntries(NAMES.map((name) => [name, names.includes(name) ? 2 : 0])),
    ed: names[0] ? EDITION : 0,
    exp: Math.floor(Date.now() / 1000) + 86_400,
  },
});

const granted = (): string[] => {
  const state = readState((document as { cookie: string }).cookie, SITE, Date.now() / 1000);
  return Object.entries(state?.choices ?? {}).flatMap(([name, detail]) => (detail ? name : []));
};

const kept = (): { secret?: string; owed?: unknown } => JSON.parse(stored.get("askfirst-receipt") ?? "{}");

async function agreed(route: Route): Promise<string> {
  const { body, answer } = await send(route, "accept_all");
  await answer(claims(...NAMES));
  assert.deepEqual(granted(), NAMES);
  return body.secret as string;
}

beforeEach(() => {
  stored.clear();
  jar.clear();
  asked = [];
});

for (const [place, another] of [
  ["the same route", (route: Route) => Promise.resolve(route)],
  ["a route of its own", () => opened()],
] as const) {
  test(`M12: a second refusal is owed still when the first is answered after it (${place})`, async () => {
    const route = await opened();
    const secret = await agreed(route);
    const first = await send(route, "save", { preferences: 0 });
    const second = await send(await another(route), "save", { statistics: 0 });
    // The collector is away for the second, and had taken the first.
    await second.fail();
    await first.answer(claims("statistics", "marketing"));
    assert.equal(kept().secret, secret);
    assert.deepEqual(latest().body.choices, { preferences: 0, statistics: 0 });
    await latest().fail();

    await opened();
    assert.deepEqual(latest().body.choices, { preferences: 0, statistics: 0 });
    assert.equal(latest().body.secret, secret);
    await latest().answer(claims("marketing"));
    assert.equal(kept().owed, undefined);
    assert.deepEqual(granted(), ["marketing"]);
  });
}

test("M12: a withdrawal is told although an older answer comes back while it is on its way", async () => {
  const route = await opened();
  await agreed(route);
  const part = await send(route, "save", { preferences: 0 });
  const all = await send(route, "withdraw");
  await part.answer(claims("statistics", "marketing"));
  await all.fail();
  await opened();
  assert.equal(latest().body.method, "withdraw");
  await latest().answer(claims());
  assert.deepEqual(kept(), {});
});

test("M12: whoever refused all, and then a part once more, has refused all", async () => {
  const route = await opened();
  await agreed(route);
  await (await send(route, "reject_all")).fail();
  await (await send(route, "save", { marketing: 0 })).fail();
  assert.equal((await send(route, "save", { marketing: 0 })).body.method, "reject_all");
});

test("M12: a withdrawal that something else answered than the collector is owed still", async () => {
  const route = await opened();
  const secret = await agreed(route);
  await (await send(route, "withdraw")).block();
  assert.deepEqual(granted(), []);
  await opened();
  assert.equal(latest().body.secret, secret);
  await latest().answer({ reason: "handle-ended" }, 409);
  assert.deepEqual(kept(), {});
});

test("M12: an erasure goes before what was owed, and no later refusal takes its place", async () => {
  const route = await opened();
  await agreed(route);
  await (await send(route, "withdraw")).fail();
  await (await send(route, "erase")).fail();
  const { path, answer } = await send(route, "withdraw");
  assert.equal(path, "/v1/rights/erase");
  await answer({ done: true });
  assert.deepEqual(kept(), {});
});

for (const [method, choices] of [
  ["save", { marketing: 0 }],
  ["withdraw", undefined],
] as const) {
  test(`M12: a refusal (${method}) while a grant is on its way holds, whichever is answered first`, async () => {
    for (const isFirst of [true, false]) {
      stored.clear();
      jar.clear();
      const grant = await send(await opened(), "accept_all");
      const refusal = await send(await opened(), method, choices);
      assert.equal(refusal.body.secret, grant.body.secret);
      // Away, or asked before it knew of the grant: then nothing has ended there.
      await (isFirst ? refusal.answer(claims()) : grant.answer(claims(...NAMES)));
      await (isFirst ? grant.answer(claims(...NAMES)) : refusal.fail());
      assert.deepEqual(granted(), []);
      assert.equal(latest().body.method, "withdraw");
      assert.equal(latest().body.secret, grant.body.secret);
      await latest().answer(claims());
      assert.deepEqual(kept(), {});
    }
  });
}

test("M29: what the collector says of an older receipt takes no newer one away", async () => {
  const route = await opened();
  await agreed(route);
  void route.send("events", JSON.stringify({ v: 1, batch: "b", events: [{}] }));
  await turn();
  const events = latest();
  await (await send(await opened(), "withdraw")).answer(claims());
  const secret = await agreed(await opened());
  await events.answer({ stored: 0, dropped: [{ index: 0, reason: "no-grant" }] }, 202);
  assert.equal(kept().secret, secret);
  assert.deepEqual(granted(), NAMES);
});

test("M12: a grant that got lost on its way back is taken back before the next answer", async () => {
  const route = await opened();
  const lost = await send(route, "accept_all");
  await lost.fail();
  assert.deepEqual(granted(), []);
  const { body, answer } = await send(route, "accept_all");
  assert.equal(body.method, "withdraw");
  assert.equal(body.secret, lost.body.secret);
  await answer(claims());
  assert.equal(latest().body.method, "accept_all");
  assert.notEqual(latest().body.secret, lost.body.secret);
  await latest().answer(claims(...NAMES));
  assert.deepEqual(granted(), NAMES);
});
