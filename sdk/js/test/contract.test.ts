/** What the scripts send is what the site takes: held to the contract that the vectors of Python are about. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { action } from "../src/action.ts";
import type { Grants, Sender } from "../src/api.ts";
import { type Outbox, outbox } from "../src/outbox.ts";
import { page } from "../src/page.ts";
import { screenAt } from "../src/screen.ts";
import { consents, events, readAnswer, readBatch, type Vector } from "./contract.ts";

const readable = ({ text, beyond_schema }: { text?: string; beyond_schema?: boolean }): boolean =>
  text !== undefined && !beyond_schema;
// The depth of a body is a matter of its text: JSON.parse has no limit that is ours.
const MEANING = ["unknown-purpose", "edition-changed", "choices-contradict-method", "too-deep"];

const batches = events.vectors.filter(readable).filter(({ reason }) => reason !== "too-deep");
const answers = consents.vectors.filter(readable).filter(({ reason }) => reason !== "too-deep");

const checkBatch = ({ name, text, reason, dropped = [] }: Vector): void => {
  const batch = readBatch(JSON.parse(text as string), "shop");
  if (typeof batch === "string" || reason) {
    assert.equal(batch, reason, name);
    return;
  }
  const bad = dropped.filter(([, why]) => why === "bad-event").map(([index]) => index);
  const wrong = [...batch.keys()].filter((index) => !batch[index]);
  assert.deepEqual(wrong, bad, name);
};

const checkAnswer = ({ name, text, reason }: Vector): void => {
  const shape = reason && MEANING.includes(reason) ? undefined : reason;
  assert.equal(readAnswer(JSON.parse(text as string)), shape, name);
};

test("every batch of the vectors is read as Python reads it", () => {
  assert.ok(batches.length > 80);
  batches.forEach(checkBatch);
});

test("every answer of the vectors is read as Python reads it", () => {
  assert.ok(answers.length > 30);
  answers.forEach(checkAnswer);
});

test("a case that says something else than the reader is seen", () => {
  const batch = batches.find(({ reason, dropped = [] }) => !reason && dropped.length === 0) as Vector;
  const answer = answers.find(({ reason }) => !reason) as Vector;
  assert.throws(() => checkBatch({ ...batch, reason: "bad-shape" }));
  assert.throws(() => checkBatch({ ...batch, dropped: [[0, "bad-event"]] }));
  assert.throws(() => checkAnswer({ ...answer, reason: "bad-shape" }));
});

// What of the browser the modules below look at when they are loaded; dynamic imports come after it.
class Fields extends Map<string, string> {}
Object.assign(globalThis, { window: globalThis, FormData: Fields });

const grants = (gpc: boolean, dnt: boolean): Grants =>
  ({ signals: { gpc, dnt }, consent: () => ({ scopes: {} }), edition: () => 1 }) as unknown as Grants;
const route = { send: () => Promise.reject(new Error("unused")), beacon: () => false };
const sender: Sender = { name: "tides", key: "placed_key", vouch: "x".repeat(43), path: "/" };

test("M26: whatever a page is, what the script sends of it is by the contract", async () => {
  const { wire } = await import("../src/wire.ts");
  const listed = { plan: ["free", "pro"], seats: { buckets: [0, 10, 50] } };
  const size = fc.integer({ min: 1, max: 30_000 });
  const path = fc.webPath();
  const properties = fc.dictionary(fc.constantFrom("plan", "seats", "email"), fc.anything());
  fc.assert(
    fc.property(
      path,
      fc.webQueryParameters(),
      size,
      size,
      fc.constantFrom(1, 2, 3),
      properties,
      fc.boolean(),
      (...a) => {
        const [pathname, search, width, height, level, given, flag] = a;
        const event = {
          purpose: "statistics",
          type: "action",
          page: page({ pathname: pathname || "/", search: `?${search}` }, level, { sort: ["price"] }),
          referrer: "https://www.google.com",
          screen: screenAt(level, width, height),
          cookies: { enabled: flag, names: ["_ga_*"] },
          action: action("signup", given, level, listed),
        };
        for (const by of [undefined, sender]) {
          const { body, id } = wire(route, grants(flag, !flag), by);
          assert.deepEqual(readBatch(JSON.parse(body(id(), [event])), "shop"), [true]);
        }
      },
    ),
  );
});

test("what is no value of a property is left empty, whatever it does when it is read", () => {
  const given = { plan: { toString: {} }, seats: { valueOf: null } } as unknown as Parameters<typeof action>[1];
  const listed = { plan: ["free", "pro"], seats: { buckets: [0, 10, 50] } };
  assert.deepEqual(action("signup", given, 2, listed).properties, { plan: "", seats: "" });
});

test("a batch of the script is within the events that the site takes, however many there are", async () => {
  const { wire } = await import("../src/wire.ts");
  const { body, id } = wire(route, grants(false, false));
  const sent: string[] = [];
  const planned: (() => unknown)[] = [];
  const out: Outbox = outbox({
    id,
    body,
    post: (text) => Promise.resolve(sent.push(text) && 202),
    beacon: (text) => sent.push(text) > 0,
    later: (step) => {
      planned.push(step);
      return () => undefined;
    },
    grant: () => "1",
  });
  for (let index = 0; index < 1000; index++) {
    out.add({ purpose: "statistics", grant: "1", event: { purpose: "statistics", type: "page_view", page: "/" } });
  }
  while (planned.length > 0) await planned.shift()?.();
  assert.ok(sent.length > 1);
  for (const text of sent) {
    const read = readBatch(JSON.parse(text), "shop");
    assert.ok(Array.isArray(read) && read.every(Boolean), String(read));
    assert.ok(text.length <= (events.limits["BODY_BYTES"] ?? 0));
  }
});

test("what the notice answers is by the contract, whichever button is pressed", async () => {
  const { read } = await import("../../../consent_banner/src/answer.ts");
  const form = (fields: Record<string, string>): HTMLFormElement =>
    Object.entries(fields) as unknown as HTMLFormElement;
  const hidden = { edition: "a".repeat(64), lang: "en", return_to: "/" };
  for (const method of ["accept_all", "reject_all", "save", "withdraw"]) {
    for (const more of [{}, { "purpose.statistics": "2" }, { "purpose.tides/statistics": "0", adult: "1" }]) {
      assert.equal(readAnswer(JSON.parse(JSON.stringify(read(form({ ...hidden, ...more }), method)))), undefined);
    }
  }
});
