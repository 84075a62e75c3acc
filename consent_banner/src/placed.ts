/** Placed collectors in plain words: who each is, where it stands, and what it asks here (as gate/placed.py). */
import type { PlacedDocument, Published, Question } from "../../sdk/js/src/api.ts";
import { at, count, listed, recipients, type Text, textOf } from "./describe.ts";
import { type Child, el, own } from "./element.ts";
import { purposeItem } from "./item.ts";
import { isolated, type Words } from "./words.ts";

/** The placed collector that a purpose is of; "" for the site itself. */
export const collectorOf = (purpose: string): string => purpose.split("/").slice(-2, -1).join();

export const isOwn = (purpose: string): boolean => !collectorOf(purpose);

const placedOf = ({ placed }: Published, name: string): PlacedDocument | undefined => placed?.[collectorOf(name)];

/** Everything that visitors are asked about, on whatever page. */
export const every = ({ asked, placed = {} }: Published): string[] => [
  ...asked.filter(isOwn),
  ...Object.values(placed).flatMap((each) => each.asked),
];

/** The questions of each collector, in order; those of the site itself stand under "". */
export function byCollector(questions: readonly Question[]): Map<string, Question[]> {
  const found = new Map<string, Question[]>();
  for (const question of questions) {
    const collector = collectorOf(question.purpose);
    found.set(collector, [...(found.get(collector) ?? []), question]);
  }
  return found;
}

/** Who answers for these collectors, each named once. */
export const controllers = ({ placed }: Published, names: Iterable<string>): HTMLElement[] =>
  [...new Set([...names].map((name) => placed?.[name]?.controller["name"] ?? name))].map((name) => own(name));

/** What one collector asks on this page, as a part of the list of purposes (M15). */
export function askedHere(
  published: Published,
  name: string,
  questions: readonly Question[],
  words: Words,
): HTMLElement {
  return el(
    "li",
    { class: "askfirst-placed" },
    el("h3", {}, words.around("placed.here", { controller: controllers(published, [name]) })),
    el(
      "ul",
      { class: "askfirst-purposes" },
      questions.map((question) => asked(published, question, words)),
    ),
  );
}

function asked(published: Published, question: Question, words: Words): HTMLElement | undefined {
  const found = published.policy.purposes[question.purpose];
  const kept = words.say("placed.kept", { kept: count(words, "days", found?.retention_days ?? 0) });
  return found && purposeItem(found, question, words, `${kept} `, noteOf(published, question.purpose, words));
}

/** What is stored of a purpose as asked, and who else receives it. */
export const noteOf = (published: Published, name: string, words: Words): string =>
  `${at(published, name, 2, words)} ${recipientsOf(published, name, words)}`;

/** Who else receives what is gathered for a purpose, seen from whoever answers for it. */
export const recipientsOf = (published: Published, name: string, words: Words): string =>
  recipients(published.policy.purposes[name]?.recipients ?? [], words, placedOf(published, name)?.controller["name"]);

/** What a purpose is called, with whose it is where it is not the site's. */
export function titleOf(published: Published, name: string, words: Words): string {
  const found = published.policy.purposes[name];
  const { title }: Pick<Text, "title"> = found ? textOf(found, name, words.lang) : { title: name };
  const placed = placedOf(published, name);
  return placed ? `${title} (${placed.controller["name"]})` : title;
}

/** Every placed collector of the site, with what `purpose` makes of each of its purposes. */
export function section(published: Published, words: Words, purpose: (name: string) => Child): HTMLElement | null {
  const all = Object.values(published.placed ?? {});
  if (all.length === 0) return null;
  return part(
    "placed",
    "h3",
    words.say("placed.title"),
    el("p", {}, words.say("placed.why")),
    all.map((each) =>
      part(
        `placed-${each.collector}`,
        "h4",
        own(each.controller["name"] ?? ""),
        about(published, each, words),
        each.asked.map(purpose),
      ),
    ),
  );
}

const part = (name: string, heading: string, title: Child, ...body: Child[]): HTMLElement =>
  el(
    "section",
    { class: "askfirst-section", "aria-labelledby": `askfirst-${name}` },
    el(heading, { id: `askfirst-${name}` }, title),
    body,
  );

/** Who a collector is, and where it stands. */
function about(published: Published, placed: PlacedDocument, words: Words): HTMLElement {
  const { name, address, country, contact } = placed.controller;
  const who = [name, address, country].flatMap((line) => line || []);
  const pages = where(published, placed, words).map((each) => el("li", {}, each));
  const pairs: [string, Child][] = [
    ["policy.controller", own(listed(words, who))],
    ["placed.contact", own(contact ?? "")],
    ["placed.law", own(placed.jurisdiction)],
    ["placed.where", el("ul", { class: "askfirst-list" }, pages)],
  ];
  return el(
    "dl",
    { class: "askfirst-terms" },
    pairs.map(([path, value]) => el("div", {}, el("dt", {}, words.say(path)), el("dd", {}, value))),
  );
}

/** The pages a collector stands on, a phrase for each pattern. */
function where({ policy }: Published, { pages, origins }: PlacedDocument, words: Words): string[] {
  const said = pages.map((pattern) => {
    const path = pattern.replace(/\/\*\*$/, "");
    const kind = (path.includes("*") ? "like" : "page") + (path === pattern ? "" : "_below");
    const holes = { path: isolated(path.replaceAll("*", "…")) };
    return words.say(`placed.${kind === "page_below" ? "below" : kind}`, holes);
  });
  if (policy.origins.every((each) => origins.includes(each))) return said;
  return said.map((each) => words.say("placed.at", { pages: each, origins: listed(words, origins.map(isolated)) }));
}
