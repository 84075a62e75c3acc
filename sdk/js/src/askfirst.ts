/** The one classic script in a page: `window.askfirst`, once. */
import { install } from "./install.ts";
import { currentScript } from "./native.ts";

try {
  const script = currentScript() as HTMLScriptElement | null;
  // An element of SVG has no such `src`; `instanceof` would ask a name that pages redefine.
  if (script?.src) {
    const { src, nonce, dataset } = script;
    install({ base: new URL(".", src).href, nonce, reload: "reload" in dataset, collector: dataset["collector"] });
  }
} catch {
  // A browser that is too old, or a page that broke it: nothing is allowed, and the page goes on.
}
