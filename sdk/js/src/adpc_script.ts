/** A line of the page after ours: follows the browser's decisions. */
import { start } from "./adpc.ts";
import type { Askfirst } from "./api.ts";
import { currentScript } from "./native.ts";
import { safely } from "./safely.ts";

void safely(() => {
  const { src, dataset } = currentScript() as HTMLScriptElement;
  const page = globalThis as { askfirst?: Askfirst };
  const base = new URL(".", src).href;
  const begin = (): void => void safely(() => page.askfirst && start(page.askfirst, base, dataset["collector"]));
  if (page.askfirst) begin();
  else addEventListener("DOMContentLoaded", begin, { once: true });
});
