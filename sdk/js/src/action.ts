/** A listed action and its listed properties; a value that is not listed is left empty, a number becomes its bucket. */

import type { ActionTerms, Properties, PropertyTerms } from "./api.ts";
import { LONGEST } from "./page.ts";

export interface Told {
  readonly name: string;
  readonly properties?: Properties;
}

export function action(name: string, given: Properties, level: number, listed: ActionTerms): Told {
  if (level < 2) return { name };
  const told = Object.entries(listed)
    .filter(([property]) => Object.hasOwn(given, property) && given[property] != null)
    .map(([property, terms]) => [property, cut(given[property], terms)]);
  return { name, properties: Object.fromEntries(told) };
}

function cut(value: unknown, terms: PropertyTerms): string | number {
  if (typeof terms === "object" && "buckets" in terms) {
    return terms.buckets.filter((bound) => typeof value === "number" && value >= bound).pop() ?? "";
  }
  // An object's own toString may be anything, or nothing that can be called.
  const text = typeof value === "object" ? "" : String(value);
  if (terms === "any") return text.slice(0, LONGEST);
  return terms.includes(text) ? text : "";
}
