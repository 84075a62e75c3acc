/** The one classic script in a page: `window.askfirst`, once. */
import type { Askfirst } from "./api.ts";
import { gate } from "./gate.ts";
import { currentScript } from "./native.ts";

const NAME = "askfirst";

function begin(): void {
  const script = currentScript();
  // A second copy finds the first one and does nothing; an element of that name does not count.
  if (!(script instanceof HTMLScriptElement) || Object.hasOwn(window, NAME)) return;
  const api: Askfirst = Object.freeze(gate(new URL(".", script.src).href));
  Object.defineProperty(window, NAME, { value: api });
}

try {
  begin();
} catch {
  // A browser that is too old, or a page that broke it: nothing is allowed, and the page goes on.
}
