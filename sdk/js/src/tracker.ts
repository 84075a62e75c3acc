/** The tracker: page views and actions of the purposes that were agreed to. Loaded only after a grant. */
import { action } from "./action.ts";
import type { Grants, Lists, Route, Scope, Sender, Tracker } from "./api.ts";
import { onNavigation } from "./navigation.ts";
import { observe, type Told } from "./observe.ts";
import { outbox } from "./outbox.ts";
import { pathOf } from "./page.ts";
import { safely } from "./safely.ts";
import { wire } from "./wire.ts";

const NO_LISTS: Lists = { query_parameters: {}, actions: {}, cookies: [] };

export function start(grants: Grants, route: Route): Tracker {
  const all = [undefined, ...(grants.published.senders ?? [])].map((sender) => follow(grants, route, sender));
  const each = (step: (one: Followed) => void) => () => {
    for (const one of all) void safely(() => step(one));
  };
  const leave = each(({ leave }) => leave());
  onNavigation((replaced) => each(({ navigated }) => navigated(replaced))());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leave();
  });
  addEventListener("pagehide", leave);
  return {
    changed: each(({ changed }) => changed()),
    restored: each(({ restored }) => restored()),
    track: (name, properties = {}) => each(({ track }) => track(name, properties))(),
  };
}

interface Followed extends Tracker {
  readonly navigated: (replaced: boolean) => void;
  readonly leave: () => void;
}

/** What the site itself sends, or one placed collector: each in batches of its own, for its own purposes. */
function follow(grants: Grants, route: Route, sender?: Sender): Followed {
  const { lists: older, policy, routed } = grants.published;
  const way = wire(route, grants, sender);
  const out = outbox(way);
  const pages = new Map<string, string>(); // by purpose, the page it was last told of
  const prefix = sender ? `${sender.name}/` : "";
  let { referrer } = document;
  const edition = () => grants.state()?.edition ?? 0;
  // What is placed is vouched for by the path that the server knows.
  const here = () => pathOf(location, !sender && routed?.includes(edition()));

  let path = here();

  /** What is granted of the sender's own purposes; where it was vouched for another path, nothing. */
  function scopes(): [string, Scope][] {
    if (sender && sender.path !== here()) return [];
    return Object.entries(grants.consent().scopes).filter(
      ([purpose]) => purpose.slice(0, purpose.indexOf("/") + 1) === prefix,
    );
  }

  /** What bounds a purpose beside its scope: what the agreed edition listed and the policy still does. */
  const lists = (purpose: string): Lists => older?.[edition()]?.[purpose] ?? policy.purposes[purpose] ?? NO_LISTS;

  function add(purpose: string, event: object): void {
    const grant = way.grant(purpose);
    if (grant) out.add({ purpose, grant, event: { purpose, ...event } });
  }

  /** The site cuts a path that it has to match first. */
  const tell = (purpose: string, scope: Scope): Told =>
    observe(scope, lists(purpose), referrer, here(), sender !== undefined);

  /** Tells each purpose for which `isView` holds; for all of them the page counts as seen. */
  function look(isView: (purpose: string, isNew: boolean) => boolean): void {
    for (const [purpose, scope] of scopes()) {
      if (!scope["page"]) continue;
      const told = tell(purpose, scope);
      const page = path + told.page;
      if (isView(purpose, pages.get(purpose) !== page)) add(purpose, { type: "page_view", ...told });
      pages.set(purpose, page);
    }
  }

  // What happened before consent is never sent (M13); where the site itself counts page views, it counted this one.
  const sent = sender || !policy.server_side || wasFetchedAhead();
  look((purpose) => Boolean(sent) && grants.onArrival.includes(purpose));

  return {
    leave: out.leave,
    navigated(replaced) {
      // A page that tidies its own query (`?utm_source=…`) is the page it was.
      const isSame = replaced && path === here();
      if (path !== here()) {
        referrer = location.origin;
        if (sender) pages.clear();
      }
      path = here();
      look((_, isNew) => isNew && !isSame);
    },
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
        add(purpose, {
          type: "action",
          ...tell(purpose, scope),
          action: action(name, properties, scope["action"], terms),
        });
      }
    },
  };
}

/** A site does not count what is fetched before anybody asks to see it (M41). */
function wasFetchedAhead(): unknown {
  const [entry] = performance.getEntriesByType("navigation") as { activationStart?: number; deliveryType?: string }[];
  return entry?.activationStart || entry?.deliveryType === "navigational-prefetch";
}
