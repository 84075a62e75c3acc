/**
 * What happens on a page by itself, told as actions: how long it was looked at and how far, links to other sites,
 * downloads, forms, pages that are not there, and how quick it was. Loaded only where a purpose that was granted lists
 * one of them; the tracker cuts each to what the purpose lists.
 */
import type { GatedContext, Lists, Properties, Tracker } from "./api.ts";
import { file } from "./file.ts";
import { onNavigation } from "./navigation.ts";
import { pathOf } from "./page.ts";
import { safely } from "./safely.ts";
import type { VitalsModule } from "./vitals.ts";

const IDLE = 30_000; // milliseconds without a sign of somebody, after which nobody looks
const SIGNS = ["keydown", "pointerdown", "pointermove", "scroll"];
const MISSING = [404, 410]; // HTTP status

interface Navigate {
  readonly destination: { readonly url: string; readonly sameDocument: boolean };
}

export function start(context: GatedContext): () => void {
  void safely(async () => {
    const tracker = await context.load();
    if (tracker) await follow(context, tracker);
  });
  return () => undefined;
}

async function follow({ published, consent, state, onArrival, base }: GatedContext, tracker: Tracker): Promise<void> {
  const { automatic = {}, lists, policy, routed } = published;
  const edition = (): number => state()?.edition ?? 0;
  const pathAt = (address: URL | Location): string => pathOf(address, routed?.includes(edition()));
  const here = (): string => pathAt(location);
  let present = onArrival; // the purposes that were granted when this page began
  let path = here();
  let isOpen = true;
  let isFirst = true; // the page that the browser loaded
  let ratings: Record<string, string> = {};
  let engaged = 0; // milliseconds
  let sign = performance.now();
  let deepest = 0; // percent

  /** The purposes that are told of an action at this moment. */
  function tellable(name: string): string[] {
    const { scopes } = consent();
    return Object.keys(automatic).filter((purpose) => {
      const known: Lists | undefined = lists?.[edition()]?.[purpose] ?? policy.purposes[purpose];
      return scopes[purpose]?.["action"] && automatic[purpose]?.includes(name) && known && name in known.actions;
    });
  }

  /** What is about a page as a whole is told to nobody where a purpose was granted on the way: part of it was before. */
  function covers(name: string): boolean {
    const purposes = tellable(name);
    return purposes.length > 0 && purposes.every((purpose) => present.includes(purpose));
  }

  const ofPage = (name: string, properties?: Properties): void => {
    if (covers(name)) tracker.track(name, properties);
  };

  function look(): void {
    const now = performance.now();
    engaged += Math.min(now - sign, IDLE);
    sign = now;
    const { scrollHeight } = document.documentElement;
    deepest = Math.max(deepest, Math.min(100, Math.ceil(((scrollY + innerHeight) / scrollHeight) * 100)));
  }

  /** The page is left, or hidden for the first time. */
  function end(): void {
    if (!isOpen) return;
    isOpen = false;
    look();
    ofPage("engaged", { seconds: Math.floor(engaged / 1000) });
    ofPage("scrolled", { percent: deepest });
    for (const [name, rating] of Object.entries(ratings)) ofPage(name, { rating });
  }

  function begin(): void {
    path = here();
    present = Object.keys(consent().scopes);
    isOpen = true;
    isFirst = false;
    ratings = {};
    engaged = deepest = 0;
    sign = performance.now();
  }

  const on = (target: EventTarget, type: string, step: (event: Event) => void): void =>
    target.addEventListener(type, (event) => void safely(() => step(event)), { capture: true, passive: true });

  // Before the tracker's own, which hands to the browser what waits, and after those of web-vitals (on the window).
  on(document, "visibilitychange", () => {
    if (document.hidden) end();
    else sign = performance.now();
  });
  on(window, "pageshow", (event) => {
    if ((event as PageTransitionEvent).persisted) begin();
  });
  for (const type of SIGNS) on(window, type, look);

  // Only before the address changes is a page told under its own; browsers that do not say so are told of the last one.
  const { navigation } = window as Window & { navigation?: EventTarget };
  if (navigation)
    on(navigation, "navigate", (event) => {
      const { destination } = event as unknown as Navigate;
      if (destination.sameDocument && pathAt(new URL(destination.url)) !== path) end();
    });
  onNavigation(() => {
    if (here() !== path) begin();
  });

  on(window, "click", ({ target }) => {
    const link = target instanceof Element && target.closest<HTMLAnchorElement>("a[href],area[href]");
    if (!link || !/^https?:$/.test(link.protocol)) return;
    const kind = /\.(\w{1,10})$/.exec(link.pathname)?.[1]?.toLowerCase() ?? "";
    const isListed = tellable("download").some((purpose) => {
      const kinds = policy.purposes[purpose]?.actions["download"]?.["kind"];
      return Array.isArray(kinds) && kinds.includes(kind);
    });
    if (isListed || link.hasAttribute("download")) tracker.track("download", { kind });
    else if (!isOwn(link, policy.origins)) tracker.track("outbound", { host: link.hostname.replace(/^www\./, "") });
  });
  on(window, "submit", ({ target }) => {
    const form = target instanceof HTMLFormElement && target.dataset["askfirstForm"];
    if (form) tracker.track("form_sent", { form });
  });

  const [entry] = performance.getEntriesByType("navigation") as { responseStatus?: number }[];
  if (MISSING.includes(entry?.responseStatus ?? 0)) ofPage("not_found");
  if (["lcp", "inp", "cls"].some(covers)) {
    const { vitals }: VitalsModule = await import(file(base, "vitals.js"));
    vitals((name, rating) => {
      if (isFirst) ratings[name] = rating;
    });
  }
}

const isOwn = ({ host }: HTMLAnchorElement, origins: readonly string[]): boolean =>
  host === location.host || origins.some((origin) => new URL(origin).host === host);
