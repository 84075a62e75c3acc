/** What the browser tells of a page, cut to what was agreed before it leaves the page. */
import type { Lists, Scope } from "./api.ts";
import { matches } from "./globs.ts";
import { cookieNames } from "./native.ts";
import { page } from "./page.ts";
import { screenAt } from "./screen.ts";

export interface Told {
  page: string;
  referrer?: string;
  screen?: string | readonly [number, number];
  cookies?: { readonly enabled: boolean; readonly names?: readonly string[] };
}

/**
 * What a purpose may know of the page at this moment; `referrer` is a whole address, or nothing. With `whole` the path
 * is told whatever the level: a placed collector's page is matched by the site, and cut there.
 */
export function observe(scope: Scope, lists: Lists, referrer: string, pathname: string, whole = false): Told {
  const level = Math.max(scope["page"] ?? 0, whole ? 2 : 0);
  const told: Told = {
    page: page({ pathname, search: location.search }, level, lists.query_parameters, scope["campaign"]),
  };
  if (scope["referrer"] && referrer) told.referrer = originOf(referrer);
  if (scope["screen"]) told.screen = screenAt(scope["screen"], screen.width, screen.height);
  if (scope["cookies"]) told.cookies = jar(scope["cookies"], lists.cookies);
  return told;
}

function originOf(address: string): string {
  try {
    // An app is no origin to a browser; its id is what stands before the first slash.
    return /^android-app:\/\/[\w.]+/.exec(address)?.[0] ?? new URL(address).origin;
  } catch {
    return "null";
  }
}

/** Whether there is a cookie jar, and which declared names have a cookie in it: as declared, so that no name is an id. */
function jar(level: number, declared: readonly string[]): { enabled: boolean; names?: readonly string[] } {
  const enabled = navigator.cookieEnabled;
  if (level < 2) return { enabled };
  return { enabled, names: declared.filter((glob) => cookieNames().some((name) => matches(name, [glob]))) };
}
