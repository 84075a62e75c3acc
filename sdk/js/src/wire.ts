/** The outbox's way to whoever takes events. */
import type { Grants, Route, Sender } from "./api.ts";
import type { Wire } from "./outbox.ts";
import { safely } from "./safely.ts";

const { setTimeout, clearTimeout } = window;
const ID_BYTES = 16;

/** `sender` is a placed collector that sends, instead of the site. */
export function wire(
  { send, beacon }: Pick<Route, "send" | "beacon">,
  { signals, consent, state }: Grants,
  sender?: Sender,
): Wire {
  return {
    async post(body, signal) {
      const response = await send("events", body, { keepalive: true, signal });
      await response.text(); // a body that nobody reads holds its connection
      consent(); // the site may have answered that there is no grant, and taken the cookie back
      return response.status;
    },
    beacon,
    later(step, delay) {
      const timer = setTimeout(() => void safely(step), delay);
      return () => clearTimeout(timer);
    },
    id() {
      const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
      return btoa(String.fromCharCode(...bytes))
        .replace(/\+/g, "-")
        .replace(/\//g, "_")
        .replace(/=/g, "");
    },
    body: (batch, all) =>
      JSON.stringify({
        v: 1,
        batch,
        collector: sender?.key,
        vouch: sender?.vouch,
        gpc: signals.gpc || undefined,
        dnt: signals.dnt || undefined,
        events: all,
      }),
    grant(purpose) {
      const scope = consent().scopes[purpose];
      return scope && JSON.stringify([state()?.edition, scope]);
    },
  };
}
