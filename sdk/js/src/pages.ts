/** Page patterns: on which paths a placed collector stands. The rules of terms/pages.py. */

// Dots, slashes and backslashes that a browser or a server may read as another path.
const HIDDEN = /%(2e|2f|5c|00)|\\|\/\/|\/\.{1,2}(\/|$)/i;

/** Whether a page's path (without its query; as sent, not decoded) is matched by a pattern. */
export const standsOn = (patterns: readonly string[], path: string): boolean =>
  path.startsWith("/") &&
  !HIDDEN.test(path) &&
  [...path].every((character) => character > " " && character !== "\x7f") &&
  patterns.some((pattern) => compiled(pattern).test(path));

function compiled(pattern: string): RegExp {
  const [front = "", below] = pattern.split(/\/\*\*$/);
  const segments = front.split("/").map(segment);
  return new RegExp(`^${segments.join("/")}${below === undefined ? "" : "(/.*)?"}$`, "s");
}

const segment = (text: string): string =>
  text === "*"
    ? "[^/]+"
    : text
        .split("*")
        .map((part) => part.replace(/[$()+.?[\\\]^{|}]/g, "\\$&"))
        .join("[^/]*");
