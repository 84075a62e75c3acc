/** Puts `window.askfirst` in its place. */
import type { Askfirst } from "./api.ts";
import { type GateOptions, gate } from "./gate.ts";

const NAME = "askfirst";

/** A second copy finds the first one and does nothing; an element of that name does not count. */
export function install(options: GateOptions): Askfirst {
  if (!Object.hasOwn(window, NAME)) Object.defineProperty(window, NAME, { value: Object.freeze(gate(options)) });
  return (window as unknown as { readonly askfirst: Askfirst }).askfirst;
}
