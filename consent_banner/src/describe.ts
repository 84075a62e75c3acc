/** What terms mean, in plain sentences: as gate/describe.py says it. */
import type { Published, PurposeDocument, Recipient, State } from "../../sdk/js/src/api.ts";
import { isolated, type Words } from "./words.ts";

export interface Text {
  readonly lang: string;
  readonly title: string;
  readonly description: string;
}

/** The purpose's words in this language, or a region's of it; else in its first one. */
export function textOf(purpose: PurposeDocument, name: string, lang: string): Text {
  const tags = Object.keys(purpose.text);
  const tag = lang in purpose.text ? lang : (tags.find((one) => one.split("-")[0] === lang) ?? tags[0] ?? lang);
  return { lang: tag, ...(purpose.text[tag] ?? { title: name, description: "" }) };
}

export const count = (words: Words, path: string, n: number): string =>
  words.say(`${path}.${new Intl.PluralRules(words.lang).select(n)}`, { n });

/** A day as the language writes it; `moment` in milliseconds, or as RFC 3339. */
export const day = (moment: number | string, { lang }: Words): string =>
  new Date(moment).toLocaleDateString(lang, { dateStyle: "long" });

export const listed = (words: Words, items: readonly string[]): string => items.join(words.say("list"));

/** What a detail of a purpose stores, in one sentence. */
export function at(published: Published, name: string, detail: number, words: Words): string {
  if (!detail) return words.say("choices.nothing");
  const { details, automatic } = published;
  const scope = details[name]?.[detail] ?? {};
  const things = Object.entries(scope).map(([attribute, level]) => precision(published, name, attribute, level, words));
  if (scope["action"]) things.push(...(automatic?.[name] ?? []).map((action) => words.say(`automatic.${action}`)));
  return things.length > 0
    ? words.say("choices.stores", { things: things.join(words.say("chain")) })
    : words.say("choices.empty_scope");
}

/** How precisely an attribute is stored for a purpose. */
export function precision(
  { policy }: Pick<Published, "policy">,
  name: string,
  attribute: string,
  level: number,
  words: Words,
): string {
  const { closes, query_parameters: page3, actions: action2 } = policy.purposes[name] ?? {};
  const lists: Readonly<Record<string, unknown>> = { page3, action2 };
  // What has values that no list bounds is said in words of its own, one above the finest.
  const isOpen = /:"any"/.test(JSON.stringify([lists[attribute + level]]));
  return words.say(`level.${attribute}.${level + +isOpen}`, { period: words.say(`within.${closes}`) });
}

/** The detail of all that the site itself was granted; 0 where nothing was. */
export const sharedDetail = (state: State | null): number =>
  Math.max(0, ...Object.entries(state?.choices ?? {}).map(([name, detail]) => (name.includes("/") ? 0 : detail)));

/** Name, role and country of a third party; `of` is who shares, where it is not the site. */
export function recipient({ name, role, country }: Recipient, words: Words, of?: string): string {
  const path = of === undefined ? "role" : "role_of";
  const said = words.say(`recipients.${path}.${role}`, { controller: isolated(of ?? "") });
  return words.say("recipients.one", { name: isolated(name), role: said, country });
}

/** Whether people read that it may be sold or shared: there is somebody who receives it (as terms/terms.py). */
export const isSold = ({ sells_or_shares, recipients }: PurposeDocument): boolean => sells_or_shares && !!recipients[0];

/** Who else receives it, or that nobody does. */
export function recipients(all: readonly Recipient[], words: Words, of?: string): string {
  const names = [...new Set(all.map((one) => recipient(one, words, of)))].sort();
  return names[0] ? words.say("recipients.some", { names: listed(words, names) }) : words.say("recipients.none");
}

/** The age one must have to agree to all of these; 0 where anybody may. */
export const minimumAge = ({ policy }: Published, purposes: readonly string[]): number =>
  Math.max(0, ...purposes.map((name) => policy.purposes[name]?.minimum_age ?? 0));
