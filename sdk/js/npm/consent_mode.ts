/** What Google's and Microsoft's tags are told, for a page that imports askfirst: called before any tag is put into it. */
import { start } from "../src/consent_mode.ts";
import { words } from "../src/words.ts";
import { type InitOptions, init } from "./index.ts";

/** The purposes that their words stand for: each a list, or names with spaces between; none stays denied. */
export interface ConsentModeOptions extends InitOptions {
  readonly analytics?: string | readonly string[];
  readonly ads?: string | readonly string[];
  readonly preferences?: string | readonly string[];
}

let isStarted = false;

/** Starts askfirst with these options, if nobody has, and tells the tags, once a page; without a page nothing. */
export function consentMode({ analytics, ads, preferences, ...options }: ConsentModeOptions = {}): void {
  init(options);
  if (!globalThis.document || isStarted) return;
  isStarted = true;
  start({ analytics: words(analytics), ads: words(ads), preferences: words(preferences) });
}
