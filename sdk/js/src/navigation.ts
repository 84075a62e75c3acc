/** Tells of each navigation within the document: pushState, replaceState, back and forward. */
interface NavigationApi {
  readonly addEventListener?: (type: "currententrychange", listener: () => void) => void;
}

export function onNavigation(seen: () => void): void {
  const { navigation } = window as Window & { navigation?: NavigationApi };
  if (navigation?.addEventListener) {
    navigation.addEventListener("currententrychange", seen);
    return;
  }
  addEventListener("popstate", seen);
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    try {
      history[name] = function (this: History, ...args) {
        original.apply(this, args);
        seen();
      };
    } catch {
      // A page that froze its history is told of by popstate alone.
    }
  }
}
