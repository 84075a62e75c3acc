/** The calls that people know from other consent tools, for a page that imports askfirst. */
import type { ManageApi } from "../src/api.ts";
import { BASE } from "../src/file.ts";
import { manage as over } from "../src/manage.ts";
import { type InitOptions, init } from "./index.ts";

export type { Declared, ManageApi } from "../src/api.ts";

let made: ManageApi | undefined;

/** Starts askfirst with these options, if nobody has, and answers its calls; without a page they do nothing. */
export function manage(options: InitOptions = {}): ManageApi {
  const askfirst = init(options);
  if (!globalThis.document) return inert;
  const { base = BASE, collector } = options;
  made ??= Object.freeze(over(askfirst, { base: new URL(base, location.href).href, collector }));
  return made;
}

const no = async (): Promise<boolean> => false;
const nothing = (): void => undefined;
const never = (): (() => void) => nothing;

const inert: ManageApi = {
  acceptAll: no,
  rejectAll: no,
  acceptCategory: no,
  acceptService: no,
  has: () => false,
  show: nothing,
  showPreferences: nothing,
  hide: nothing,
  reset: no,
  underAge: nothing,
  ready: new Promise(nothing),
  onFirstConsent: never,
  onConsent: never,
  onChange: never,
};
