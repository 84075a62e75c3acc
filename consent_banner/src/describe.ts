/** What terms mean, in plain sentences: as gate/describe.py says it. */
import type { Published, PurposeDocument, Recipient, State } from "../../sdk/js/src/api.ts";
import { isolated, type Words } from "./words.ts";

export interface Text {
  readonly lang: string;
  readonly title: string;
  readonly description: string;
}

/** The purpose's words in this language, else in its first one. */
export function textOf(purpose: PurposeDocument, name: string, lang: string): Text {
  const tag = lang in purpose.text ? lang : (Object.keys(purpose.text)[0] ?? lang);
  return { lang: tag, ...(purpose.text[tag] ?? { title: name, description: "" }) };
}

export const count = (words: Words, path: string, n: number): string =>
  words.say(`${path}.${new Intl.PluralRules(words.lang).select(n)}`, { n });

export const listed = (words: Words, items: readonly string[]): string => items.join(words.say("list"));

/** What a detail of a purpose stores, in one sentence. */
export function at({ policy, details }: Published, name: string, detail: number, words: Words): string {
  if (!detail) return words.say("choices.nothing");
  const scope = details[name]?.[detail] ?? {};
  const period = words.say(`within.${policy.purposes[name]?.closes}`);
  const things = Object.entries(scope).map(([attribute, level]) =>
    words.say(`level.${attribute}.${level}`, { period }),
  );
  return things.length > 0
    ? words.say("choices.stores", { things: things.join(words.say("chain")) })
    : words.say("choices.empty_scope");
}

/** Whether less detail of a purpose stores anything else than what is asked. */
export const lessDiffers = ({ details }: Published, name: string): boolean =>
  JSON.stringify(details[name]?.[1]) !== JSON.stringify(details[name]?.[2]);

/** The detail of all that the site itself was granted; 0 where nothing was. */
export const sharedDetail = (state: State | null): number =>
  Math.max(0, ...Object.entries(state?.choices ?? {}).map(([name, detail]) => (name.includes("/") ? 0 : detail)));

/** How long it is kept, with whom it is shared (in words), and what it sets in the browser. */
export function about(purpose: PurposeDocument, shared: string, words: Words): string {
  const names = [...purpose.cookies, ...purpose.storage].map(isolated);
  return [
    ...retention(purpose, words),
    shared,
    ...(names.length > 0 ? [words.say("choices.sets", { names: listed(words, names) })] : []),
  ].join(" ");
}

function retention(purpose: PurposeDocument, words: Words): string[] {
  if (Object.keys(purpose.levels).length === 0) return [];
  const period = words.say(`within.${purpose.closes}`);
  const days = (n: number): string => count(words, "days", n);
  const counts = words.say("retention.counts", { days: days(purpose.retention_days), period });
  if (!purpose.keep_rows_days) {
    return [counts, words.say("retention.rows_none", { cell: purpose.min_cell_size, period })];
  }
  const rows = words.say("retention.rows", { days: days(purpose.keep_rows_days), period });
  return purpose.levels["visitor"] === 2 ? [counts, rows, words.say("retention.receipt")] : [counts, rows];
}

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
