/** Events on their way: batches, retries under one id, leaving, and consent that goes while they wait. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Outbox, outbox, type Wire } from "../src/outbox.ts";

interface Sent {
  readonly batch: string;
  readonly events: readonly unknown[];
  readonly by: "post" | "beacon";
}

/** A wire that keeps what is sent, whose clock is moved by hand, and whose answers are given by the test. */
class Bench {
  readonly sent: Sent[] = [];
  readonly delays: number[] = [];
  readonly aborted: string[] = [];
  readonly granted = new Map<string, string>([["statistics", "1"]]);
  answers: (number | "none" | "never")[] = [];
  takesBeacons = true;
  #planned: (() => unknown) | undefined;
  #ids = 0;
  readonly out: Outbox;

  constructor() {
    const keep = (by: Sent["by"], body: string): Sent => {
      const sent = { ...(JSON.parse(body) as Sent), by };
      this.sent.push(sent);
      return sent;
    };
    const wire: Wire = {
      post: (body, signal) => {
        const { batch } = keep("post", body);
        signal.addEventListener("abort", () => this.aborted.push(batch));
        const answer = this.answers.shift() ?? 202;
        if (answer === "never") return new Promise(() => undefined);
        return answer === "none" ? Promise.reject(new TypeError("network")) : Promise.resolve(answer);
      },
      beacon: (body) => this.takesBeacons && keep("beacon", body) !== undefined,
      later: (step, delay) => {
        this.delays.push(delay);
        this.#planned = step;
        return () => {
          this.#planned = undefined;
        };
      },
      id: () => `batch-${++this.#ids}`,
      body: (batch, events) => JSON.stringify({ batch, events }),
      grant: (purpose) => this.granted.get(purpose),
    };
    this.out = outbox(wire);
  }

  add(event: string, purpose = "statistics"): void {
    this.out.add({ purpose, grant: this.granted.get(purpose) ?? "", event });
  }

  get planned(): boolean {
    return this.#planned !== undefined;
  }

  /** Lets the planned step run, and everything that follows from it at once. */
  async elapse(): Promise<void> {
    const step = this.#planned;
    this.#planned = undefined;
    await step?.();
  }
}

test("events that come together leave in one batch, and what is answered is not sent again", async () => {
  const bench = new Bench();
  for (const event of ["a", "b", "c"]) bench.add(event);
  assert.equal(bench.sent.length, 0);
  await bench.elapse();
  assert.deepEqual(bench.sent, [{ batch: "batch-1", events: ["a", "b", "c"], by: "post" }]);
  assert.equal(bench.planned, false);
  bench.add("d");
  await bench.elapse();
  assert.deepEqual(bench.sent[1], { batch: "batch-2", events: ["d"], by: "post" });
});

test("no answer, 429 and 503 are tried again under the same id, later each time, and then given up", async () => {
  const bench = new Bench();
  bench.answers = ["none", 503, 429, 500, 408, "none", 202];
  bench.add("a");
  for (let step = 0; step < 8; step++) await bench.elapse();
  assert.equal(bench.sent.length, 6);
  assert.deepEqual(new Set(bench.sent.map(({ batch }) => batch)), new Set(["batch-1"]));
  assert.deepEqual(bench.delays, [1000, 2000, 4000, 8000, 16000, 32000]);
});

test("a refusal of the site is final", async () => {
  for (const status of [400, 403, 413, 422]) {
    const bench = new Bench();
    bench.answers = [status];
    bench.add("a");
    await bench.elapse();
    assert.equal(bench.planned, false);
    bench.add("b");
    await bench.elapse();
    assert.deepEqual(bench.sent[1]?.events, ["b"]);
  }
});

test("what comes while a batch waits for its next try follows in a batch of its own", async () => {
  const bench = new Bench();
  bench.answers = [503];
  bench.add("a");
  await bench.elapse();
  bench.add("b");
  await bench.elapse();
  await bench.elapse();
  assert.deepEqual(
    bench.sent.map(({ batch, events }) => [batch, ...events]),
    [
      ["batch-1", "a"],
      ["batch-1", "a"],
      ["batch-2", "b"],
    ],
  );
});

test("leaving hands over what waits, a batch between two tries under its own id, and nothing twice", async () => {
  const bench = new Bench();
  bench.answers = [503];
  bench.add("a");
  await bench.elapse();
  bench.add("b");
  bench.out.leave();
  bench.out.leave();
  assert.deepEqual(bench.sent.slice(1), [
    { batch: "batch-1", events: ["a"], by: "beacon" },
    { batch: "batch-2", events: ["b"], by: "beacon" },
  ]);
  assert.equal(bench.planned, false);
});

test("leaving does not repeat a request under way", () => {
  const bench = new Bench();
  bench.answers = ["never"];
  bench.add("a");
  void bench.elapse();
  bench.add("b");
  bench.out.leave();
  assert.deepEqual(
    bench.sent.map(({ by, events }) => [by, ...events]),
    [
      ["post", "a"],
      ["beacon", "b"],
    ],
  );
});

test("what the browser does not take on leaving is sent when the visitor stays", async () => {
  const bench = new Bench();
  bench.takesBeacons = false;
  bench.add("a");
  bench.out.leave();
  assert.ok(bench.planned);
  await bench.elapse();
  assert.deepEqual(
    bench.sent.map(({ by, events }) => [by, ...events]),
    [["post", "a"]],
  );
});

test("M12: a withdrawal drops the queue, aborts what is under way, and nothing is sent on leaving", () => {
  const bench = new Bench();
  bench.answers = ["never"];
  bench.add("a");
  void bench.elapse();
  bench.add("b");
  bench.granted.clear();
  bench.out.changed();
  bench.out.leave();
  assert.deepEqual(bench.aborted, ["batch-1"]);
  assert.deepEqual(
    bench.sent.map(({ by }) => by),
    ["post"],
  );
  assert.equal(bench.planned, false);
});

test("M12: without being told, it looks before it sends", async () => {
  const bench = new Bench();
  bench.add("a");
  bench.granted.clear();
  await bench.elapse();
  bench.out.leave();
  assert.deepEqual(bench.sent, []);
});

test("M14, M20: withdrawing one purpose keeps the other's events; a narrower grant sends nothing observed under a wider", async () => {
  const bench = new Bench();
  bench.granted.set("marketing", "1");
  bench.add("s1");
  bench.add("m1", "marketing");
  bench.granted.delete("marketing");
  bench.out.changed();
  await bench.elapse();
  assert.deepEqual(bench.sent.at(-1)?.events, ["s1"]);
  bench.add("s2");
  bench.granted.set("statistics", "0.5");
  await bench.elapse();
  assert.equal(bench.sent.length, 1);
});

test("a batch of which one purpose was withdrawn goes whole: its id must not mean two things", async () => {
  const bench = new Bench();
  bench.granted.set("marketing", "1");
  bench.answers = [503];
  bench.add("s1");
  bench.add("m1", "marketing");
  await bench.elapse();
  bench.granted.delete("marketing");
  bench.out.changed();
  await bench.elapse();
  bench.out.leave();
  assert.equal(bench.sent.length, 1);
});

test("the queue is bounded, and a batch stays within what the site takes", async () => {
  const bench = new Bench();
  for (let event = 0; event < 1000; event++) bench.add(String(event));
  for (let step = 0; step < 10; step++) await bench.elapse();
  assert.equal(bench.sent.flatMap(({ events }) => events).length, 200);
  assert.ok(bench.sent.every(({ events }) => events.length <= 50));
});
