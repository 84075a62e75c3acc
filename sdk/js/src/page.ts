/**
 * Section, path, and of the query what is listed; the value of a listed parameter is left empty where it is not listed.
 * `campaign` is the level up to which a link's own words are told. As gate/page_views.py cuts it.
 */
import type { PurposeDocument } from "./api.ts";

const CAMPAIGN = [["utm_source", "ref", "source"], "utm_medium", "utm_campaign"]; // by level: terms/attributes.py
export const LONGEST = 130; // UTF-16 units: more than the 64 characters that are kept, so that longer ones show

/** The path of the page; where `routed`, with the route of an application: `/app#/orders/8` is `/app/orders/8`. */
export function pathOf({ pathname, hash }: Pick<Location, "pathname" | "hash">, routed?: boolean): string {
  return routed && hash[1] === "/" ? pathname + hash.slice(1).split("?")[0] : pathname;
}

export function page(
  { pathname, search }: { readonly pathname: string; readonly search: string },
  level: number,
  listed: PurposeDocument["query_parameters"],
  campaign = 0,
): string {
  const path = level < 2 ? `/${(level > 0 && pathname.split("/").find((part) => part.split(";")[0])) || ""}` : pathname;
  const words = CAMPAIGN.slice(0, campaign).flat();
  const kept = new URLSearchParams();
  for (const [name, value] of new URLSearchParams(search)) {
    const values = level > 2 && Object.hasOwn(listed, name) ? listed[name] : undefined;
    if (values === "any" || words.includes(name)) kept.append(name, value.slice(0, LONGEST));
    else if (values) kept.append(name, values.includes(value) ? value : "");
  }
  const query = kept.toString();
  return path + (query && `?${query}`);
}
