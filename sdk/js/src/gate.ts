/** The gate: it decides what may run on this page, and loads the rest only when it is needed. */
import type {
  Askfirst,
  ConsentView,
  ControlModule,
  GatedModule,
  NoticeContext,
  NoticeModule,
  PlacedModule,
  Published,
  RemoteModule,
  Route,
  State,
  Tracker,
  TrackerModule,
} from "./api.ts";
import { LINK, onChoices } from "./choices.ts";
import { clear } from "./clear.ts";
import { ahead } from "./clock.ts";
import { decide, nothing } from "./consent.ts";
import { file, written } from "./file.ts";
import { json } from "./json.ts";
import { leftovers } from "./leftovers.ts";
import { cookies } from "./native.ts";
import { safely } from "./safely.ts";
import { signals } from "./signals.ts";
import { siteRoute } from "./site_route.ts";
import { whenSeen } from "./start.ts";
import { readState } from "./state.ts";
import { followTabs } from "./tabs.ts";

declare const ASKFIRST_LANGUAGES: string;
const { fetch, setTimeout } = globalThis;
const OURS = `.askfirst,${LINK}`;
const WAITS = ":is([data-purpose],[data-category],[data-service])";
const VERSION = 1; // of policies
const TRIES = 4; // times that the policy of a site that is starting, or away, is asked for; after 1, 2 and 4 seconds
const TURNS = 20; // times that one address is brought up to date by itself: something may take away what we put there

export interface GateOptions {
  readonly base: string; // address of the folder of askfirst.js, with a slash at its end
  readonly nonce: string; // of our own element; "" where it has none
  readonly reload: boolean; // after a withdrawal
  readonly collector?: string | undefined; // origin of a collector that the page itself sends to; else its site does
}

function isOurs(): boolean {
  try {
    return Boolean(window.top?.location.href);
  } catch {
    return false;
  }
}

export function gate({ base, nonce, reload, collector }: GateOptions): Askfirst {
  const listeners = new Set<(consent: ConsentView) => void>();
  let published: Published | undefined;
  let state: State | null = null;
  let consent = nothing();
  let lang: string; // of the page, when its policy was asked for
  let told = ""; // `consent` as the listeners were last told
  let arrive: (() => void) | undefined;
  let seen: string | undefined; // the cookies that `consent` was read from
  let skew = 0; // of the site's clock, milliseconds
  let onArrival: readonly string[] | undefined;
  let tracker: Promise<Tracker | undefined> | undefined;
  let notice: Promise<NoticeModule | undefined> | undefined;
  let route: Route = siteRoute(base);
  let words: NoticeContext["words"];
  const parts: Record<string, Promise<(() => void) | undefined>> = {};

  const stateOf = ({ policy, suffix }: Published): State | null =>
    readState(cookies(), policy.site, (Date.now() + skew) / 1000, suffix);

  /** The consent of this moment: the cookies are read each time, and looked into when they are others. */
  function read(): ConsentView {
    const jar = cookies();
    if (!published || jar === seen) return consent;
    seen = jar;
    const before = consent;
    try {
      state = stateOf(published);
      consent = decide(published, state, signals());
      // Answered to an edition that no cache gives us: then nothing is allowed, and nothing is asked again.
      if (Number(state?.edition) > published.number) consent = { ...consent, asks: [] };
      onArrival ??= Object.keys(consent.scopes);
      const text = json(consent);
      if (text !== told) {
        told = text;
        arrive?.();
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

  async function changed({ policy }: Published, before: ConsentView): Promise<void> {
    if (tracker) void safely(async () => (await tracker)?.changed());
    clear(...leftovers(policy, before, consent));
    look();
    for (const listener of listeners) void safely(() => listener(view()));
    if (reload && !Object.keys(before.scopes).every(allows)) location.reload();
    if (grants("page")) void load();
    await present();
  }

  async function present(): Promise<void> {
    if (notice || consent.asks[0] || document.getElementById("askfirst-notice")) await show("first");
    // A page without a way back to the choices gets one (M11), and one of ours tells the present state.
    const there = document.querySelector(`#askfirst-control,${LINK}:not(#askfirst-notice *)`);
    if (published?.asked[0] && !published.closed && there?.id !== "") {
      const { control }: ControlModule = await import(file(base, "control.js"));
      control(published, consent, state, signals().gpc, base, choose);
    }
  }

  /** The page may be another one by now: what may run runs, and what we show is the truth again. */
  function refresh(): void {
    read();
    look();
    void safely(present);
  }

  let places: readonly Element[] = [];
  let address = "";
  let turns = 0;

  /** A router put another page in the place of this one, or an older one back. */
  function mutated(): void {
    look();
    const lost = places.some((place) => !place.isConnected);
    places = [...document.querySelectorAll(OURS)];
    turns = address === location.href ? turns : 0;
    address = location.href;
    if (!told) return;
    if (lost && turns++ < TURNS) refresh();
    if (document.documentElement.lang !== lang) learnt();
  }

  function load(): Promise<Tracker | undefined> {
    tracker ??= safely(async () => {
      const found: TrackerModule = await import(file(base, "tracker.js"));
      return found.start(
        {
          published: published as Published,
          signals: signals(),
          consent: read,
          state: () => state,
          onArrival: onArrival as readonly string[],
        },
        route,
      );
    });
    return tracker;
  }

  /** Has what waits for consent looked at; a part of ours comes with the first element it is for. */
  function look(): void {
    if (!published) return;
    // Without any grant only what runs on a refusal may run.
    const least = Object.keys(consent.scopes)[0] ? "" : ':is([data-purpose*="!"],[data-category*="!"])';
    part("scripts", `script${WAITS}${least}`);
    part("embeds", `:is(iframe,img,video,audio,object,embed,template)${WAITS}`);
    if (Object.keys(published.automatic ?? {}).some(allows)) part("automatic", "html");
  }

  function part(name: string, selector: string): void {
    if (!document.querySelector(selector)) return;
    parts[name] ??= safely(async () => {
      const found: GatedModule = await import(file(base, `${name}.js`));
      return found.start({
        get published() {
          return published as Published;
        },
        consent: read,
        state: () => state,
        nonce,
        base,
        route,
        onArrival: onArrival as readonly string[],
        load,
        choose,
        answered: learnt,
      });
    });
    void safely(async () => (await parts[name])?.());
  }

  async function show(layer: NoticeContext["layer"]): Promise<boolean> {
    notice ??= safely(() => import(file(base, "notice.js")));
    const found = await notice;
    if (!found || !published) return false;
    const shown = {
      published,
      consent: view(),
      state,
      signals: signals(),
      base,
      route,
      layer,
      words,
      answered: learnt,
    };
    await found.show(shown);
    return true;
  }

  async function learn(cache: RequestCache, tries = 1): Promise<void> {
    lang = document.documentElement.lang;
    // A service worker may answer from a cache of its own: to a new address it does not.
    const at = cache === "reload" ? `&at=${Date.now()}` : "";
    if (remote) route = (await remote) as Route;
    const response = await safely(() => route.policy(lang, at, cache));
    if (!response || response.status > 499) {
      if (tries < TRIES) setTimeout(() => void safely(() => learn(cache, tries + 1)), 500 << tries);
      return;
    }
    const found: Published = await response.json();
    // What a later version means by its keys this script does not know: nothing is learnt, and nothing allowed, by it.
    if (found.policy.version !== VERSION) return;
    skew = ahead(response);
    // The answer was to a newer edition than a cache knows, or is no answer by the clock of what a cache has kept.
    const answer = stateOf(found);
    if ((answer ? answer.edition > found.number : cookies().includes("askfirst")) && cache === "default")
      return learn("reload");
    seen = undefined; // the policy, or the site's clock, may be another one
    const before = published ?? found;
    if (found.hash !== before.hash) told = "";
    published = found.placed ? ((await import(file(base, "placed.js"))) as PlacedModule).here(found) : found;
    read();
    // It may be the same one: what was said of it is shown all the same. Or it has other words.
    if (cache === "reload" || found.lang !== before.lang) refresh();
    tellTabs();
  }

  const remote =
    collector &&
    safely(async () => {
      const { connect }: RemoteModule = await import(file(base, "remote.js"));
      return connect(base, collector);
    });
  /** After an answer too: it may be to a newer edition than this page knows. */
  const learnt = (stale?: boolean): void => void safely(() => learn(stale ? "reload" : "default"));

  const allows = (purpose: string): boolean => Object.hasOwn(read().scopes, purpose);
  const grants = (attribute: string): boolean => Object.values(read().scopes).some((scope) => scope[attribute]);
  const choose = (layer: NoticeContext["layer"] = "preferences"): Promise<boolean | undefined> =>
    safely(() => show(layer));
  // In a frame of another origin nobody is asked (M54), and nothing is allowed.
  if (isOurs()) {
    whenSeen(() => learnt());
    // Who has not answered is going to be asked: all that takes is on its way at once, not one after another.
    if (!cookies().includes("askfirst")) {
      // Not loaded alone: it is compiled, and has run, while the policy is on its way.
      void safely(() => import(file(base, "notice.js")));
      const { lang, firstElementChild: head } = document.documentElement; // or the body, where the head was taken away
      words = safely(async () =>
        (await fetch(file(base, `words/${ASKFIRST_LANGUAGES ? written(lang) : lang.slice(0, 2) || "en"}.json`))).json(),
      );
      const sheet = { rel: "stylesheet", href: file(base, "notice.css") };
      // Where the server drew the notice, its styles are there.
      if (!document.getElementById("askfirst-notice"))
        head?.append(Object.assign(document.createElement("link"), sheet));
    }
  }
  // Not `Promise`, which a page may have redefined: what an async function answers is the browser's own.
  const Native = safely(() => undefined).constructor as PromiseConstructor;
  const known = new Native<unknown>((resolve) => {
    arrive = resolve as () => void;
  });
  const ready = async (): Promise<ConsentView> => {
    await known;
    return view();
  };
  const tellTabs = followTabs(read, () => void safely(async () => (await tracker)?.restored()));
  new MutationObserver(() => void safely(mutated)).observe(document, {
    childList: true,
    subtree: true,
    attributeFilter: ["lang"],
  });
  onChoices(choose);

  return {
    allows,
    get consent() {
      return view();
    },
    on(event, listener) {
      if (event === "change") listeners.add(listener);
      const isLate = told;
      if (isLate)
        void safely(async () => {
          await 0;
          if (listeners.has(listener)) listener(view());
        });
      return () => listeners.delete(listener);
    },
    get ready() {
      return ready();
    },
    track(name, properties) {
      // What happened before an answer is never told of (M13), whatever is known of the policy by then.
      if (!cookies().includes("askfirst")) return;
      void safely(async () => {
        await known;
        if (grants("action")) (await load())?.track(name, properties);
      });
    },
    show: () =>
      void safely(async () => {
        await known;
        await choose();
      }),
    refresh: () => void safely(refresh),
  };
}
