/** After a refusal or a withdrawal: a purpose's declared cookies and storage keys go, as far as a script reaches (M12). */
import { matches } from "./globs.ts";
import { cookieNames, writeCookie } from "./native.ts";

/** Names, or globs in which `*` stands for anything. */
export interface Declared {
  readonly cookies: readonly string[];
  readonly storage: readonly string[];
}

/** Removes what `gone` declares and `kept` does not. */
export function clear(gone: Declared, kept: Declared): void {
  for (const name of only(cookieNames(), gone.cookies, kept.cookies)) expire(name);
  if (!gone.storage[0]) return;
  for (const open of [() => localStorage, () => sessionStorage]) {
    try {
      const storage = open();
      for (const key of only(Object.keys(storage), gone.storage, kept.storage)) storage.removeItem(key);
    } catch {
      // Storage that is denied holds nothing of the purpose either.
    }
  }
}

const only = (names: string[], gone: readonly string[], kept: readonly string[]): string[] =>
  names.filter((name) => matches(name, gone) && !matches(name, kept));

/** A cookie is listed by its name alone, but goes only where domain and path are those it was set with. */
function expire(name: string): void {
  const labels = location.hostname.split(".");
  const domains = ["", ...labels.map((_, at) => `; Domain=${labels.slice(at).join(".")}`)];
  const steps = location.pathname.split("/").map((_, at, all) => all.slice(0, at + 1).join("/"));
  const paths = new Set(["/", ...steps.flatMap((step) => [step, `${step}/`])]);
  for (const path of paths) {
    for (const domain of domains) {
      for (const kind of ["", "; Partitioned"]) {
        writeCookie(`${name}=; Max-Age=0; Secure; Path=${path}${domain}${kind}`);
      }
    }
  }
}
