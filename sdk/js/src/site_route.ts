/** How a page reaches its own site. */
import type { RemoteModule, Route } from "./api.ts";
import { file } from "./file.ts";

const { fetch } = globalThis;
const JSON_TYPE = "application/json";

/** The site's own addresses. `base` as in GateOptions. */
export const siteRoute = (base: string): Route => ({
  policy: (lang, at, cache) =>
    fetch(new URL(`../policy?lang=${lang}${at}`, base), { headers: { Accept: JSON_TYPE }, cache }),
  send: (path, body, options) =>
    fetch(new URL(`../${path}`, base), {
      method: "POST",
      headers: { "Content-Type": JSON_TYPE, Accept: JSON_TYPE },
      body,
      ...options,
    }),
  beacon: (body) => navigator.sendBeacon(new URL("../events", base), body),
  forms: true,
});

/** The collector's own addresses where a page sends to one itself, else the site's; both as in GateOptions. */
export async function routeOf(base: string, collector?: string): Promise<Route> {
  if (!collector) return siteRoute(base);
  const { connect }: RemoteModule = await import(file(base, "remote.js"));
  return connect(base, collector);
}
