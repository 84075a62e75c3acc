/** Calls that send: what may not go fails as if the network had, and nothing is thrown; what is not known yet waits. */
import type { Guard, Verdict } from "./api.ts";
import { safely } from "./safely.ts";

export function guardCalls({ may: judge, known }: Guard): void {
  /** An address that nobody can read is the browser's to refuse. */
  const may: Verdict = (address) => {
    try {
      return judge(address);
    } catch {
      return true;
    }
  };
  /** Once it is known, or the patience is over. */
  const later = async (address: string): Promise<boolean> => {
    await known;
    return may(address) ?? false;
  };

  const { fetch } = window;
  window.fetch = async (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    if (may(address) ?? (await later(address))) return fetch(input, init);
    throw new TypeError(`askfirst holds ${address}: no purpose that names this host is allowed`);
  };

  const { sendBeacon } = Navigator.prototype;
  Navigator.prototype.sendBeacon = function (url, data) {
    const address = String(url);
    const verdict = may(address);
    if (verdict) return sendBeacon.call(this, url, data);
    if (verdict === undefined) {
      void safely(async () => (await later(address)) && sendBeacon.call(this, url, data));
    }
    return verdict === undefined;
  };

  guardRequests(may, later);
  for (const name of ["WebSocket", "EventSource"] as const) guardStream(name, may, later);
}

type Later = (address: string) => Promise<boolean>;

function guardRequests(may: Verdict, later: Later): void {
  const { prototype } = XMLHttpRequest;
  const { open, send, abort } = prototype;
  const addresses = new WeakMap<XMLHttpRequest, string>(); // of those that are open; of an aborted one no more
  const fail = (request: XMLHttpRequest): void => {
    for (const type of ["error", "loadend"]) request.dispatchEvent(new ProgressEvent(type));
  };
  prototype.open = function (this: XMLHttpRequest, ...all: unknown[]) {
    addresses.set(this, String(all[1]));
    return Reflect.apply(open, this, all);
  };
  prototype.abort = function () {
    addresses.delete(this);
    return abort.call(this);
  };
  prototype.send = function (body) {
    const address = addresses.get(this) ?? "";
    const verdict = may(address);
    if (verdict) return send.call(this, body);
    void safely(async () => {
      const passes = await later(address);
      if (addresses.get(this) !== address) return;
      if (passes && verdict === undefined) send.call(this, body);
      else fail(this);
    });
  };
}

/** A stream that may not be has failed at once; one of before the policy came is closed when that is known. */
function guardStream(name: "WebSocket" | "EventSource", may: Verdict, later: Later): void {
  const made = new Proxy<typeof WebSocket | typeof EventSource>(window[name], {
    construct(target, all: [string], self) {
      const address = String(all[0]);
      const verdict = may(address);
      if (verdict === false) return failed(target, address);
      const stream = Reflect.construct(target, all, self);
      if (verdict === undefined) void safely(async () => (await later(address)) || stream.close());
      return stream;
    },
  });
  Object.defineProperty(window, name, { value: made, writable: true, configurable: true });
}

/** Looks like a closed one, and says so by its events; the browser has none that never asked for anything. */
function failed({ prototype, CLOSED }: { prototype: object; CLOSED: number }, url: string): EventTarget {
  const nothing = (): void => undefined;
  const own = { url, readyState: CLOSED, bufferedAmount: 0, protocol: "", send: nothing, close: nothing };
  const handlers: Record<string, ((event: Event) => void) | null> = { onopen: null, onmessage: null };
  const stream = Object.assign(new EventTarget(), own, handlers, { onerror: null, onclose: null });
  for (const event of [new Event("error"), new CloseEvent("close", { code: 1006 })]) {
    setTimeout(() => {
      (stream as unknown as typeof handlers)[`on${event.type}`]?.(event);
      stream.dispatchEvent(event);
    });
  }
  return Object.setPrototypeOf(stream, prototype);
}
