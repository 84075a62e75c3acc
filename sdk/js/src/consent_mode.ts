/**
 * Tells Google's and Microsoft's tags what a visitor allowed, in their own words: Google Consent Mode v2, Microsoft UET
 * and Clarity. A script of its own, ahead of every tag, so that denied is said before any of them asks; after that an
 * update for each answer. It asks for nothing and keeps nothing (docs/script.md).
 */
import type { Askfirst } from "./api.ts";
import { currentScript } from "./native.ts";
import { safely } from "./safely.ts";

/** What an owner's purposes stand for, as attributes of our element: `data-analytics="statistics"`. */
const GROUPS = ["analytics", "ads", "preferences"] as const;
type Group = (typeof GROUPS)[number];
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

const page = window as unknown as Tags;
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

function follow(askfirst: Askfirst, purposes: Readonly<Record<Group, readonly string[]>>): void {
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

try {
  const { dataset } = currentScript() as HTMLScriptElement;
  const of = (group: Group): string[] => (dataset[group] ?? "").split(" ").filter(Boolean);
  const purposes = { analytics: of("analytics"), ads: of("ads"), preferences: of("preferences") };
  let isFollowed = false;
  const begin = (): void => {
    if (isFollowed || !page.askfirst?.on) return;
    isFollowed = true;
    follow(page.askfirst, purposes);
  };
  tell("default", NOTHING);
  for (const moment of ["DOMContentLoaded", "load"]) addEventListener(moment, () => void safely(begin));
} catch {
  // A page that broke what we use: its tags were told nothing, and none of them may run before a grant.
}
