/** Tells of each navigation within the document: pushState, replaceState, back and forward. */
interface NavigationApi {
  readonly addEventListener?: (type: "currententrychange", listener: (event: EntryChange) => void) => void;
}

interface EntryChange {
  readonly navigationType: string | null;
}

/** `seen` is told whether the address was only replaced. */
export function onNavigation(seen: (replaced: boolean) => void): void {
  const { navigation } = window as Window & { navigation?: NavigationApi };
  if (navigation?.addEventListener) {
    navigation.addEventListener("currententrychange", ({ navigationType }) => seen(navigationType === "replace"));
    return;
  }
  addEventListener("popstate", () => seen(false));
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    try {
      history[name] = function (this: History, ...args) {
        original.apply(this, args);
        seen(name === "replaceState");
      };
    } catch {
      // A page that froze its history is told of by popstate alone.
    }
  }
}
