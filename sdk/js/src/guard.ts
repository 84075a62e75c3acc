/**
 * A help against mistakes, where an owner asks for it: what a page's scripts send to the hosts of a recipient does not
 * leave while no purpose that names it is allowed. A script of its own, ahead of all others; no security boundary
 * (docs/script.md says what it does not hold). What the visitor agreed to is asked of `window.askfirst`.
 */
import type { Askfirst, Guard, Published } from "./api.ts";
import { guardCalls } from "./calls.ts";
import { guardElements } from "./elements.ts";
import { currentScript } from "./native.ts";
import { safely } from "./safely.ts";

const { fetch, setTimeout } = window;
const PATIENCE = 5000; // milliseconds that what goes to another host waits for the policy and the answer

interface Held {
  readonly host: string;
  readonly recipient: string;
  readonly purpose: string;
}

/** Every host of a recipient, unless something needs it that is not asked. */
function held({ policy }: Pick<Published, "policy">): Held[] {
  const all = Object.entries(policy.purposes).flatMap(([purpose, { recipients, legal_basis }]) =>
    recipients.flatMap(({ name, hosts = [] }) =>
      hosts.map((host) => ({ host, recipient: name, purpose, free: legal_basis !== "consent" })),
    ),
  );
  const free = new Set(all.filter((one) => one.free).map(({ host }) => host));
  return all.filter(({ host }) => !free.has(host));
}

const hostOf = (address: string): string => new URL(address, document.baseURI).hostname;

function guard(policy: string): Guard {
  let hosts: readonly Held[] | undefined;
  let allows: Askfirst["allows"] | undefined;
  let settle = (): void => undefined;
  let follows = false;
  const listeners: (() => void)[] = [];
  const known = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const of = (address: string): readonly Held[] => {
    const host = hostOf(address);
    return hosts?.filter((one) => host === one.host || host.endsWith(`.${one.host}`)) ?? [];
  };

  void safely(async () => {
    const { lang } = document.documentElement;
    const response = await fetch(`${policy}?lang=${lang}`, { headers: { Accept: "application/json" } });
    hosts = held(await response.json());
    if (allows) settle();
  });
  const follow = (): void => {
    const { askfirst } = window as Window & { askfirst?: Askfirst };
    if (follows || !askfirst?.on) return;
    follows = true;
    askfirst.on("change", () => {
      allows = askfirst.allows;
      if (hosts) settle();
      for (const listener of listeners) void safely(listener);
    });
  };
  addEventListener("DOMContentLoaded", () => void safely(follow));
  addEventListener("load", () => void safely(follow));
  setTimeout(() => {
    // Without a policy no host is known: the page goes on. Without an answer nothing is agreed to.
    hosts ??= [];
    allows ??= () => false;
    settle();
  }, PATIENCE);

  return {
    known,
    may(address) {
      if (hostOf(address) === location.hostname) return true;
      if (!hosts) return undefined;
      const recipients = of(address);
      if (!recipients[0]) return true;
      return allows && recipients.some(({ purpose }) => allows?.(purpose));
    },
    recipient: (address) => of(address)[0]?.recipient ?? "",
    onChange: (listener) => void listeners.push(listener),
  };
}

try {
  const script = currentScript() as HTMLScriptElement | null;
  if (script?.src) {
    const made = guard(new URL(script.dataset["policy"] ?? "../policy", script.src).href);
    guardCalls(made);
    guardElements(made);
  }
} catch {
  // A browser that is too old, or a page that broke it: the page goes on.
}
