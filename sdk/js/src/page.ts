/** Section, path, and of the query what is listed; the value of a listed parameter is left empty where it is not listed. */
import type { PurposeDocument } from "./api.ts";

export function page(
  { pathname, search }: { readonly pathname: string; readonly search: string },
  level: number,
  listed: PurposeDocument["query_parameters"],
): string {
  if (level < 2) return `/${(level > 0 && pathname.split("/").find((part) => part.split(";")[0])) || ""}`;
  const kept = new URLSearchParams();
  for (const [name, value] of level > 2 ? new URLSearchParams(search) : []) {
    const values = Object.hasOwn(listed, name) ? listed[name] : undefined;
    if (values) kept.append(name, values.includes(value) ? value : "");
  }
  const query = kept.toString();
  return pathname + (query && `?${query}`);
}
