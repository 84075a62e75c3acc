/** Events on their way: sent in batches, again under the same id until they are answered, and dropped with consent. */

export interface Outgoing {
  readonly purpose: string;
  readonly grant: string; // what it was made under; under any other it is not sent
  readonly event: unknown;
}

/** How the outbox reaches the world. */
export interface Wire {
  /** Answers the HTTP status; rejects where there is none. */
  readonly post: (body: string, signal: AbortSignal) => Promise<number>;
  /** For a page that is left: nobody waits for the answer. False when the browser takes no more. */
  readonly beacon: (body: string) => boolean;
  readonly later: (step: () => void, delay: number) => () => void; // milliseconds; answers how to call it off
  readonly id: () => string; // 22 characters
  readonly body: (batch: string, events: readonly unknown[]) => string;
  /** What a purpose is granted at this moment; undefined is nothing. */
  readonly grant: (purpose: string) => string | undefined;
}

export interface Outbox {
  readonly add: (item: Outgoing) => void;
  /** The page may be going: what waits is handed to the browser. */
  readonly leave: () => void;
  /** Consent may be less than it was: drops what it no longer covers. */
  readonly changed: () => void;
}

interface Batch {
  readonly id: string;
  readonly items: readonly Outgoing[];
  readonly abort: AbortController;
  tries: number;
}

const GATHER = 1000; // milliseconds in which events join a batch, and of the first wait; each further wait is twice as long
const MOST = 50; // events a batch: a beacon and a keepalive request hold 64 kB
const WAITING = 200; // events; what comes on top is dropped
const TRIES = 6;

export function outbox(wire: Wire): Outbox {
  let queue: Outgoing[] = [];
  let batch: Batch | undefined;
  let callOff: (() => void) | undefined; // set while a try is planned

  const holds = ({ purpose, grant }: Outgoing): boolean => wire.grant(purpose) === grant;
  const bodyOf = (id: string, items: readonly Outgoing[]): string =>
    wire.body(
      id,
      items.map(({ event }) => event),
    );

  function plan(delay?: number): void {
    callOff?.();
    callOff = delay === undefined ? undefined : wire.later(send, delay);
  }

  /** A batch of which anything is no longer covered goes whole: under its id the site expects what it had. */
  function changed(): void {
    queue = queue.filter(holds);
    if (batch && !batch.items.every(holds)) {
      batch.abort.abort();
      batch = undefined;
      plan(GATHER);
    }
    if (!batch && queue.length === 0) plan();
  }

  async function send(): Promise<void> {
    plan();
    changed();
    if (!batch && queue.length > 0) {
      batch = { id: wire.id(), items: queue.splice(0, MOST), abort: new AbortController(), tries: 0 };
    }
    const sent = batch;
    if (!sent) return;
    sent.tries += 1;
    let status = 0;
    try {
      status = await wire.post(bodyOf(sent.id, sent.items), sent.abort.signal);
    } catch {
      // No answer: the next try carries the same id, so that nothing is stored twice.
    }
    if (batch !== sent) return;
    const unanswered = status === 0 || status === 408 || status === 429 || status >= 500;
    if (unanswered && sent.tries < TRIES) return plan(GATHER * 2 ** sent.tries);
    batch = undefined;
    if (queue.length > 0) plan(0);
  }

  return {
    changed,
    add(item) {
      if (queue.length >= WAITING) return;
      queue.push(item);
      if (!batch && !callOff) plan(GATHER);
    },
    leave() {
      changed();
      // A request under way outlives the page (keepalive); one that waits for its next try would not.
      if (batch && callOff && wire.beacon(bodyOf(batch.id, batch.items))) {
        batch = undefined;
        plan();
      }
      while (queue.length > 0 && wire.beacon(bodyOf(wire.id(), queue.slice(0, MOST)))) queue.splice(0, MOST);
      if (!batch && queue.length === 0) plan();
    },
  };
}
