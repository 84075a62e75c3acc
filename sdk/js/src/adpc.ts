/**
 * Advanced Data Protection Control (unofficial draft of June 2021, section 8): asks a browser that has it for its
 * visitor's decisions, and refuses what they withdraw or object to. Without such a browser it does nothing. What it says of consent grants nothing: a page could say that itself.
 */
import type { Askfirst, Published } from "./api.ts";
import { json } from "./json.ts";
import { safely } from "./safely.ts";
import { routeOf } from "./site_route.ts";

interface Decisions {
  readonly consent?: readonly string[];
  readonly withdraw?: readonly string[];
  readonly object?: readonly string[];
}

interface Control extends EventTarget {
  readonly request: (requests: readonly { readonly id: string; readonly text: string }[]) => Promise<Decisions>;
}

const ALL = "*";
const MARKETING = "direct-marketing"; // the one objection that the draft names

/**
 * The purposes that these decisions take back, of those that a visitor can be asked about. What is consented to by name
 * is spared by what is said of all (section 6.5): as terms/consent.py has it.
 */
export function refused(
  { asked, policy }: Published,
  { consent = [], withdraw = [], object = [] }: Decisions,
): string[] {
  const isMarketing = (name: string): boolean => /^marketing(\.|$)/.test(policy.purposes[name]?.data_use ?? "");
  const isMeant = (name: string): boolean =>
    withdraw.includes(ALL) || (object.includes(MARKETING) && isMarketing(name));
  return asked.filter((name) => withdraw.includes(name) || (isMeant(name) && !consent.includes(name)));
}

/** What is asked, as the draft has it: an identifier and the words, in the page's language. */
export function requests({ asked, policy, lang }: Published): { id: string; text: string }[] {
  return asked.map((id) => {
    const all = policy.purposes[id]?.text ?? {};
    const words = all[lang] ?? Object.values(all)[0];
    return { id, text: words ? `${words.title}: ${words.description}` : id };
  });
}

/** Follows the browser's decisions on this page; `base` and `collector` as in GateOptions. */
export async function start(askfirst: Askfirst, base: string, collector?: string): Promise<void> {
  const control = (navigator as { dataProtectionControl?: Control }).dataProtectionControl;
  // Nobody is asked in a frame (M54).
  if (!control || window !== top) return;
  const route = await routeOf(base, collector);
  await askfirst.ready;
  const response = await route.policy(document.documentElement.lang, "", "default");
  const published: Published = await response.json();
  let last: Promise<unknown> = Promise.resolve();

  async function take(decisions: Decisions): Promise<void> {
    const { asks, details } = askfirst.consent;
    const isOpen = (name: string): boolean => !!details[name] || asks.some(({ purpose }) => purpose === name);
    const names = refused(published, decisions).filter(isOpen);
    if (!names[0]) return;
    const choices = Object.fromEntries(names.map((name) => [name, 0]));
    const { hash: edition, lang } = published;
    await route.send("consent", json({ v: 2, edition, lang, method: "save", choices }));
    askfirst.refresh();
    await askfirst.ready;
  }

  // One after another: the second decision of a visitor is about what the first has left.
  const enqueue = (decisions: Decisions): void => {
    last = last.then(() => safely(() => take(decisions)));
  };
  control.addEventListener("decisionchange", (event) => {
    enqueue((event as Event & { userDecisions?: Decisions }).userDecisions ?? {});
  });
  enqueue(await control.request(requests(published)));
}
