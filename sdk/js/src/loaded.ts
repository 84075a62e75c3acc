/** What the browser knows of how this document was loaded, whatever address it shows by now. */

/** The name under which the gate vouches, in `Server-Timing: askfirst;desc="<collector>.<vouch>"`. */
const TIMING = "askfirst";

interface Loaded {
  readonly name: string;
  readonly serverTiming?: readonly { readonly name: string; readonly description: string }[];
}

const loaded = (): Loaded | undefined => performance.getEntriesByType("navigation")[0] as Loaded | undefined;

/** The path that this document was loaded from: a router of the page may show another one. */
export function loadedPath(): string {
  try {
    return new URL(loaded()?.name ?? location.href).pathname;
  } catch {
    return location.pathname;
  }
}

/** What the gate vouched for on this page, by collector. */
export function vouches(): ReadonlyMap<string, string> {
  const told = (loaded()?.serverTiming ?? []).filter(({ name }) => name === TIMING);
  return new Map(
    told.map(({ description }): [string, string] => {
      const [name = "", vouch = ""] = description.split(".", 2);
      return [name, vouch];
    }),
  );
}
