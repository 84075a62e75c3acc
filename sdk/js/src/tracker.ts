/** The tracker: page views and actions of the purposes that were agreed to. Loaded only after a grant. */
import { action } from "./action.ts";
import type { Grants, Tracker } from "./api.ts";
import { onNavigation } from "./navigation.ts";
import { type Lists, observe } from "./observe.ts";
import { outbox } from "./outbox.ts";
import { safely } from "./safely.ts";

import { wire } from "./wire.ts";

const NO_LISTS: Lists = { query_parameters: {}, actions: {}, cookies: [] };

/** `events` is the address to send to. */
export function start(grants: Grants, events: string): Tracker {
  const { number, changes, policy } = grants.published;
  const way = wire(events, grants);
  const out = outbox(way);
  const pages = new Map<string, string>(); // by purpose, the page it was last told of
  let { referrer } = document;

  const scopes = () => Object.entries(grants.consent().scopes);

  /** What bounds a purpose beside its scope: nothing is listed while something widened that was not agreed to. */
  function lists(purpose: string): Lists {
    const edition = grants.edition(purpose);
    const widened = edition !== number && changes[edition]?.[purpose];
    return (!widened && policy.purposes[purpose]) || NO_LISTS;
  }

  function add(purpose: string, event: object): void {
    const grant = way.grant(purpose);
    if (grant) out.add({ purpose, grant, event: { purpose, ...event } });
  }

  /** Tells each purpose for which `isView` holds; for all of them the page counts as seen. */
  function look(isView: (purpose: string, isNew: boolean) => boolean): void {
    for (const [purpose, scope] of scopes()) {
      if (!scope["page"]) continue;
      const told = observe(scope, lists(purpose), referrer);
      const page = location.pathname + told.page;
      if (isView(purpose, pages.get(purpose) !== page)) add(purpose, { type: "page_view", ...told });
      pages.set(purpose, page);
    }
  }

  // What happened before consent is never sent (M13); where the site itself counts page views, it counted this one.
  const sent = !policy.server_side || wasFetchedAhead();
  look((purpose) => sent && grants.onArrival.includes(purpose));
  let path = location.pathname;
  onNavigation(() => {
    void safely(() => {
      if (path !== location.pathname) referrer = location.origin;
      path = location.pathname;
      look((_, isNew) => isNew);
    });
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") void safely(out.leave);
  });
  addEventListener("pagehide", () => void safely(out.leave));

  return {
    changed() {
      out.changed();
      // A purpose that was granted on this page begins with the next one.
      look(() => false);
    },
    restored: () => look(() => true),
    track(name, properties = {}) {
      for (const [purpose, scope] of scopes()) {
        const listed = lists(purpose).actions;
        const terms = Object.hasOwn(listed, name) ? listed[name] : undefined;
        if (!scope["action"] || !terms) continue;
        const told = observe(scope, lists(purpose), referrer);
        add(purpose, { type: "action", ...told, action: action(name, properties, scope["action"], terms) });
      }
    },
  };
}

/** A site does not count what is fetched before anybody asks to see it (M41). */
function wasFetchedAhead(): boolean {
  const [entry] = performance.getEntriesByType("navigation") as { activationStart?: number; deliveryType?: string }[];
  return Boolean(entry?.activationStart) || entry?.deliveryType === "navigational-prefetch";
}
