/** The gate: it decides what may run on this page, and loads the rest only when it is needed. */
import type {
  Askfirst,
  ConsentView,
  NoticeContext,
  NoticeModule,
  PlacedModule,
  Published,
  State,
  Tracker,
  TrackerModule,
} from "./api.ts";
import { LINK, onChoices } from "./choices.ts";
import { clear } from "./clear.ts";
import { decide, nothing } from "./consent.ts";
import { leftovers } from "./leftovers.ts";
import { cookies } from "./native.ts";
import { safely } from "./safely.ts";
import { gateScripts } from "./scripts.ts";
import { signals } from "./signals.ts";
import { whenSeen } from "./start.ts";
import { readState } from "./state.ts";
import { followTabs } from "./tabs.ts";

const { fetch } = window;

/** `base` is the address of the folder this script came from. */
export function gate(base: string): Askfirst {
  const listeners = new Set<(consent: ConsentView) => void>();
  let published: Published | undefined;
  let state: State | null = null;
  let consent = nothing();
  let told = ""; // `consent` as the listeners were last told
  let seen: string | undefined; // the cookies that `consent` was read from
  let onArrival: readonly string[] | undefined;
  let tracker: Promise<Tracker | undefined> | undefined;
  let notice: Promise<NoticeModule | undefined> | undefined;

  const stateOf = ({ policy, suffix }: Published): State | null =>
    readState(cookies(), policy.site, Date.now() / 1000, suffix);

  /** The consent of this moment: the cookies are read each time, and looked into when they are others. */
  function read(): ConsentView {
    const jar = cookies();
    if (!published || jar === seen) return consent;
    seen = jar;
    const before = consent;
    try {
      state = stateOf(published);
      consent = decide(published, state, signals());
      onArrival ??= Object.keys(consent.scopes);
      const text = JSON.stringify(consent);
      if (text !== told) {
        told = text;
        void safely(() => changed(published as Published, before));
      }
    } catch {
      told = "";
      consent = nothing();
    }
    return consent;
  }

  /** A copy, so that what a page does to it stays in the page. */
  function view(): ConsentView {
    try {
      read();
      return JSON.parse(told);
    } catch {
      return nothing();
    }
  }

  async function changed({ policy, asked, closed }: Published, before: ConsentView): Promise<void> {
    if (tracker) void safely(async () => (await tracker)?.changed());
    clear(...leftovers(policy, before, consent));
    look();
    for (const listener of listeners) void safely(() => listener(view()));
    if (grants("page")) void load();
    // A page without a way back to the choices gets one with the notice (M11).
    const lacks = asked[0] && !closed && !document.querySelector(LINK);
    const stands = document.getElementById("askfirst-notice");
    if (notice || lacks || stands || consent.asks[0]) await show("first");
  }

  function load(): Promise<Tracker | undefined> {
    tracker ??= safely(async () => {
      const found: TrackerModule = await import(`${base}tracker.js`);
      return found.start(
        {
          published: published as Published,
          signals: signals(),
          consent: read,
          state: () => state,
          onArrival: onArrival as readonly string[],
        },
        new URL("../events", base).href,
      );
    });
    return tracker;
  }

  async function show(layer: NoticeContext["layer"]): Promise<boolean> {
    notice ??= safely(() => import(`${base}notice.js`));
    const found = await notice;
    if (published)
      found?.show({ published, consent: view(), state, signals: signals(), base, layer, answered: learnt });
    return Boolean(found && published);
  }

  async function learn(cache: RequestCache): Promise<void> {
    const response = await fetch(new URL("../policy", base), { headers: { Accept: "application/json" }, cache });
    const found: Published = await response.json();
    // The answer was to a newer edition than the browser's cache knows.
    if (Number(stateOf(found)?.edition) > found.number && cache === "default") return learn("reload");
    published = found.placed ? ((await import(`${base}placed.js`)) as PlacedModule).here(found) : found;
    read();
    tellTabs();
  }

  /** After an answer too: it may be to a newer edition than this page knows. */
  const learnt = (): void => void safely(() => learn("default"));

  const allows = (purpose: string): boolean => Object.hasOwn(read().scopes, purpose);
  const grants = (attribute: string): boolean => Object.values(read().scopes).some((scope) => scope[attribute]);
  const choose = (): Promise<boolean | undefined> => safely(() => show("preferences"));
  const look = gateScripts(allows);
  const tellTabs = followTabs(read, () => void safely(async () => (await tracker)?.restored()));
  onChoices(choose);
  whenSeen(learnt);

  return {
    allows,
    get consent() {
      return view();
    },
    on(event, listener) {
      if (event === "change") listeners.add(listener);
      return () => listeners.delete(listener);
    },
    track(name, properties) {
      if (grants("action")) void safely(async () => (await load())?.track(name, properties));
    },
    show: () => void choose(),
  };
}
