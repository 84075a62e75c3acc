/** A line of the page after ours: `window.AskFirst`, once. */
import type { Askfirst } from "./api.ts";
import { manage } from "./manage.ts";
import { currentScript } from "./native.ts";

const NAME = "AskFirst";

try {
  const { askfirst } = window as Window & { askfirst?: Askfirst };
  const script = currentScript() as HTMLScriptElement | null;
  // biome-ignore lint/suspicious/noConsole: its owner is to see it.
  if (!askfirst?.on) console.warn("askfirst: manage.js stands after the line of askfirst.js, with defer as well");
  else if (script?.src && !Object.hasOwn(window, NAME)) {
    const options = { base: new URL(".", script.src).href, collector: script.dataset["collector"] };
    Object.defineProperty(window, NAME, { value: Object.freeze(manage(askfirst, options)) });
  }
} catch {
  // As askfirst.js: the page goes on.
}
