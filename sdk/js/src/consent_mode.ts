/**
 * Tells Google's and Microsoft's tags what a visitor allowed, in their own words: Google Consent Mode v2, Microsoft UET
 * and Clarity. It stands ahead of every tag, so that denied is said before any of them asks; after that an update for
 * each answer. It asks for nothing and keeps nothing (docs/script.md).
 */
import type { Askfirst } from "./api.ts";
import { safely } from "./safely.ts";

/** What an owner's purposes stand for, as attributes of our element: `data-analytics="statistics"`. */
export const GROUPS = ["analytics", "ads", "preferences"] as const;
type Group = (typeof GROUPS)[number];
export type Purposes = Readonly<Record<Group, readonly string[]>>;
type Answers = Readonly<Record<Group, boolean>>;

type Call = (...words: unknown[]) => void;

interface Tags {
  askfirst?: Askfirst;
  dataLayer?: unknown[];
  gtag?: Call;
  uetq?: unknown[];
  clarity?: Call;
}

const NOTHING: Answers = { analytics: false, ads: false, preferences: false };
const PATIENCE = 500; // milliseconds that Google's tags wait for an update of this visit

const page = globalThis as unknown as Tags;
const word = (isGranted: boolean): string => (isGranted ? "granted" : "denied");

/** As Google and Microsoft write it: their tags know a call by its being `arguments`, and pass over an array. */
function queue(calls: unknown[]): Call {
  return function () {
    // biome-ignore lint/complexity/noArguments: see above.
    calls.push(arguments);
  };
}

function tell(what: "default" | "update", { analytics, ads, preferences }: Answers): void {
  page.dataLayer ??= [];
  page.gtag ??= queue(page.dataLayer);
  page.gtag("consent", what, {
    ad_storage: word(ads),
    ad_user_data: word(ads),
    ad_personalization: word(ads),
    analytics_storage: word(analytics),
    functionality_storage: word(preferences),
    personalization_storage: word(preferences),
    ...(what === "default" && { wait_for_update: PATIENCE }),
  });
  page.uetq ??= [];
  page.uetq.push("consent", what, { ad_storage: word(ads) });
  if (!page.clarity) {
    const q: unknown[] = [];
    page.clarity = Object.assign(queue(q), { q }); // its tag reads what waits there
  }
  page.clarity("consentv2", { ad_Storage: word(ads), analytics_Storage: word(analytics) });
}

function follow(askfirst: Askfirst, purposes: Purposes): void {
  let last = JSON.stringify(NOTHING);
  askfirst.on("change", ({ scopes, details }) => {
    const isGranted = (group: Group): boolean =>
      purposes[group].length > 0 && purposes[group].every((purpose) => Object.hasOwn(scopes, purpose));
    const answers = Object.fromEntries(GROUPS.map((group) => [group, isGranted(group)])) as Record<Group, boolean>;
    const text = JSON.stringify(answers);
    if (text !== last) tell("update", answers);
    last = text;
    // For tag managers, whose triggers wait for an event; of a visitor who did not answer there is nothing to say.
    if (Object.keys(details)[0]) page.dataLayer?.push({ event: "askfirst_consent", askfirst: Object.keys(scopes) });
  });
}

/** Says that all is denied, then follows the answers; a group is granted while all of its purposes are, and it has some. */
export function start(purposes: Purposes): void {
  let isFollowed = false;
  const begin = (): void => {
    if (isFollowed || !page.askfirst?.on) return;
    isFollowed = true;
    follow(page.askfirst, purposes);
  };
  tell("default", NOTHING);
  void safely(begin);
  for (const moment of ["DOMContentLoaded", "load"]) addEventListener(moment, () => void safely(begin));
}
