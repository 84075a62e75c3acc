/**
 * What we need of the browser, taken when the script runs: a page that later redefines these, or that hides them behind
 * an element's name (`<img name=cookie>`), does not reach us. Without a browser (a server that renders) all is empty.
 */

/**
 * A property of `document` from its prototypes, which no element's name and no own property can stand before. Not from
 * `Document.prototype`: MooTools puts a function of its own in the place of `Document`.
 */
function property(name: "cookie" | "currentScript"): { read: () => unknown; write: (value: string) => void } {
  let found: PropertyDescriptor | undefined;
  let owner: object | null = globalThis.document ?? null;
  while (owner && !found) {
    owner = Object.getPrototypeOf(owner);
    found = owner ? Object.getOwnPropertyDescriptor(owner, name) : undefined;
  }
  return { read: () => found?.get?.call(document), write: (value) => found?.set?.call(document, value) };
}

const jar = property("cookie");

/** As `document.cookie`; nothing where cookies are denied. */
export function cookies(): string {
  try {
    return String(jar.read() ?? "");
  } catch {
    return "";
  }
}

export const cookieNames = (): string[] =>
  cookies()
    .split(/; */)
    .map((cookie) => cookie.split("=")[0] as string);

export const writeCookie = jar.write;
export const currentScript = property("currentScript").read;
