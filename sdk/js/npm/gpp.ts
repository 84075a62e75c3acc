/** `__gpp` for a page that imports askfirst: called before any tag is put into the page. */
import { start } from "../src/gpp.ts";
import { words } from "../src/words.ts";
import { type InitOptions, init } from "./index.ts";

export interface GppOptions extends InitOptions {
  /** The purposes that sell, share or target: a list, or names with spaces between. */
  readonly ads?: string | readonly string[];
}

let isStarted = false;

/** Starts askfirst with these options, if nobody has, and answers `__gpp`, once a page; without a page nothing. */
export function gpp({ ads, ...options }: GppOptions = {}): void {
  init(options);
  if (!globalThis.document || isStarted) return;
  isStarted = true;
  start(words(ads));
}
