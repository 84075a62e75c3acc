/** Placed collectors in plain words: who each is, where it stands, and what it asks here (as gate/placed.py). */
import type { PlacedDocument, Published, Question } from "../../sdk/js/src/api.ts";
import { at, count, recipients, type Text, textOf } from "./describe.ts";
import { el, own } from "./element.ts";
import { purposeItem } from "./item.ts";
import type { Words } from "./words.ts";

/** The placed collector that a purpose is of; "" for the site itself. */
export const collectorOf = (purpose: string): string => purpose.split("/").slice(-2, -1).join();

export const isOwn = (purpose: string): boolean => !collectorOf(purpose);

const placedOf = ({ placed }: Published, name: string): PlacedDocument | undefined => placed?.[collectorOf(name)];

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
