/** Advanced Data Protection Control, for a page that imports askfirst. */
import { start } from "../src/adpc.ts";
import { BASE } from "../src/file.ts";
import { safely } from "../src/safely.ts";
import { type InitOptions, init } from "./index.ts";

let isStarted = false;

/** Starts askfirst with these options, if nobody has, and follows the browser's decisions; without a page nothing. */
export function adpc(options: InitOptions = {}): void {
  const askfirst = init(options);
  if (!globalThis.document || isStarted) return;
  isStarted = true;
  const { base = BASE, collector } = options;
  void safely(() => start(askfirst, new URL(base, location.href).href, collector));
}
