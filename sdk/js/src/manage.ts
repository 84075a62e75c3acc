/**
 * The calls that people know from other consent tools, over `window.askfirst`: a page that has buttons or listeners of
 * its own. A script of its own, loaded where a page asks for it. It answers as the notice does (POST /askfirst/consent),
 * and what a visitor did not do it cannot grant.
 */
import type { Askfirst, ConsentView, Declared, ManageApi, Published } from "./api.ts";
import { json } from "./json.ts";
import { writeCookie } from "./native.ts";
import { safely } from "./safely.ts";
import { routeOf } from "./site_route.ts";

type Name = "first-consent" | "consent" | "change";
type Listener = (consent: ConsentView) => void;
type Choices = Record<string, number>;

const STATE = "__Host-askfirst";
const AS_ASKED = 2;

export interface ManageOptions {
  readonly base: string; // address of the folder of askfirst.js, with a slash at its end
  readonly collector?: string | undefined; // as in GateOptions
}

export function manage(askfirst: Askfirst, { base, collector }: ManageOptions): ManageApi {
  const listeners: Record<Name, Set<Listener>> = {
    "first-consent": new Set(),
    consent: new Set(),
    change: new Set(),
  };
  const past = new Set<Name>(); // what came to pass on this page
  let wasAnswered: boolean | undefined;

  const isAnswered = (): boolean => Object.keys(askfirst.consent.details).length > 0;

  function tell(name: Name, consent: ConsentView): void {
    past.add(name);
    for (const listener of listeners[name]) void safely(() => listener(consent));
    void safely(() => dispatchEvent(new CustomEvent(`askfirst:${name}`, { detail: consent })));
  }

  askfirst.on("change", (consent) => {
    const before = wasAnswered;
    wasAnswered = isAnswered();
    if (wasAnswered && !before) {
      if (before === false) tell("first-consent", consent);
      tell("consent", consent);
    } else if (before) tell("change", consent);
  });

  /** Calls the listener each time, and at once where that has been already; answers how to stop it. */
  function on(name: Name, listener: Listener): () => void {
    listeners[name].add(listener);
    void safely(async () => {
      await 0;
      if (past.has(name) && listeners[name].has(listener)) listener(askfirst.consent);
    });
    return () => void listeners[name].delete(listener);
  }

  const route = routeOf(base, collector);

  async function policy(): Promise<Published> {
    await askfirst.ready;
    const response = await (await route).policy(document.documentElement.lang, "", "default");
    return response.json();
  }

  /** `choose` answers the choices, or what is wrong with what it was called with. */
  async function answer(
    method: string,
    { adult }: Declared = {},
    choose?: (published: Published) => Choices | string,
  ): Promise<boolean> {
    // Before anything is waited for: it is the visitor's own click or key that counts (M47), and it passes.
    const isTheirs = navigator.userActivation?.isActive;
    const problem = await safely(async () => {
      const published = await policy();
      const choices = choose?.(published);
      if (typeof choices === "string") return choices;
      const grants = method === "accept_all" || Object.values(choices ?? {}).some(Boolean);
      if (grants && !isTheirs) return "only a visitor's own click or key grants; call this in its listener";
      const { hash: edition, lang } = published;
      const body = { v: 2, edition, lang, method, ...(choices && { choices }), ...(adult && { adult }) };
      const response = await (await route).send(method === "erase" ? "rights/erase" : "consent", json(body));
      if (!response.ok) return String((await response.json()).reason);
      askfirst.refresh();
      return "";
    });
    // What keeps an owner's button from working is loud, and the visitor's page goes on.
    // biome-ignore lint/suspicious/noConsole: its owner is to see it.
    if (problem !== "") console.warn(`askfirst: nothing was recorded: ${problem ?? "the site did not answer"}`);
    return problem === "";
  }

  /** A detail for each purpose that this visitor has to answer, or has answered. */
  function save(
    declared: Declared | undefined,
    detail: (name: string, before: number) => number,
    problem: (published: Published) => string,
  ): Promise<boolean> {
    return answer("save", declared, (published) => {
      const { asks, details } = askfirst.consent;
      const names = new Set([...asks.map(({ purpose }) => purpose), ...Object.keys(details)]);
      const mine = published.asked.filter((name) => names.has(name));
      return problem(published) || Object.fromEntries(mine.map((name) => [name, detail(name, details[name] ?? 0)]));
    });
  }

  function acceptCategory(names: string | readonly string[], declared?: Declared): Promise<boolean> {
    if (names === "all") return answer("accept_all", declared);
    const wanted = typeof names === "string" ? [names] : names;
    if (!Array.isArray(wanted))
      return answer("save", {}, () => 'acceptCategory takes a purpose, a list of them, or "all"');
    return save(
      declared,
      (name, before) => (wanted.includes(name) ? before || AS_ASKED : 0),
      ({ asked }) => {
        const unknown = wanted.filter((name) => !asked.includes(name));
        return unknown.length ? `no purpose is called ${unknown[0]}; there are ${asked.join(", ")}` : "";
      },
    );
  }

  function acceptService(service: string, declared?: Declared): Promise<boolean> {
    let purposes: readonly string[] = [];
    return save(
      declared,
      (name, before) => before || (purposes.includes(name) ? AS_ASKED : 0),
      ({ asked, policy }) => {
        const isNamed = (name: string): boolean =>
          !!policy.purposes[name]?.recipients.some((recipient) => recipient.name === service);
        purposes = asked.filter(isNamed);
        return purposes[0] ? "" : `no purpose names a recipient called ${service}`;
      },
    );
  }

  const notice = (): HTMLElement | null => document.getElementById("askfirst-notice");

  return {
    acceptAll: (declared) => answer("accept_all", declared),
    rejectAll: () => answer("reject_all"),
    acceptCategory,
    acceptService,
    has: (purpose) => askfirst.allows(purpose),
    show: () => {
      const hidden = notice();
      if (hidden) hidden.style.display = "";
      else askfirst.show();
    },
    showPreferences: () => askfirst.show(),
    hide: () => {
      const shown = notice();
      if (shown) shown.style.display = "none";
      document.querySelector<HTMLDialogElement>(".askfirst dialog[open]")?.close();
    },
    async reset() {
      const published = await safely(policy);
      if (isAnswered() && !(await answer("withdraw"))) return false;
      writeCookie(`${STATE}${published?.suffix ?? ""}=; Secure; Path=/; SameSite=Lax; Max-Age=0`);
      wasAnswered = undefined;
      askfirst.refresh();
      return true;
    },
    underAge: () =>
      void askfirst.on("change", ({ asks, details }) => {
        // As the notice's button does; later answers of this page too.
        if (Object.values(details).some(Boolean)) void answer("erase");
        else if (asks[0]) void answer("reject_all");
      }),
    get ready() {
      return askfirst.ready;
    },
    onFirstConsent: (listener) => on("first-consent", listener),
    onConsent: (listener) => on("consent", listener),
    onChange: (listener) => on("change", listener),
  };
}
