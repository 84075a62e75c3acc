/**
 * Elements that a page's scripts make: an address that may not be asked for is put aside, and the element waits as one
 * that was written to wait (`data-service`), so that it is run, or shown, as those are.
 */
import type { Guard } from "./api.ts";
import { safely } from "./safely.ts";

const SOURCES = "src,srcset,poster,data,href";
/** Constructor and the properties that make it ask for something. */
const KINDS: readonly (readonly [string, string])[] = [
  ["HTMLScriptElement", "src"],
  ["HTMLIFrameElement", "src"],
  ["HTMLImageElement", "src"],
  ["HTMLImageElement", "srcset"],
  ["HTMLMediaElement", "src"],
  ["HTMLVideoElement", "poster"],
  ["HTMLSourceElement", "src"],
  ["HTMLEmbedElement", "src"],
  ["HTMLObjectElement", "data"],
  ["HTMLLinkElement", "href"],
];
const WAITS = "SCRIPT,IFRAME,VIDEO,AUDIO,EMBED,OBJECT".split(",");

export function guardElements({ may, known, recipient, onChange }: Guard): void {
  const held = new Map<Element, readonly [string, unknown]>(); // what no part of ours looks after, while it stands in the page
  const { setAttribute } = Element.prototype;

  /** Puts the address aside; what may go, or cannot be told, is left to the browser. */
  function holds(element: HTMLElement, name: string, value: unknown, set: () => void): boolean {
    try {
      const address = String(value).trim().split(/[\s,]/, 1)[0] ?? "";
      const verdict = may(address);
      if (verdict) return false;
      if (verdict === false) wait(element, name, value, recipient(address));
      else
        void safely(async () => {
          await known;
          if (!holds(element, name, value, set)) set();
        });
      return true;
    } catch {
      return false;
    }
  }

  function wait(element: HTMLElement, name: string, value: unknown, service: string): void {
    if (!WAITS.includes(element.tagName)) {
      held.set(element, [name, value]);
      return;
    }
    const { dataset } = element;
    dataset[name === "data" ? "src" : name] = String(value);
    dataset["service"] = service;
    if (element.tagName !== "SCRIPT") return;
    const script = element as HTMLScriptElement;
    if (script.type && script.type !== "text/plain") dataset["type"] = script.type;
    script.type = "text/plain";
  }

  for (const [kind, name] of KINDS) {
    const prototype = (window as unknown as Record<string, { prototype: object } | undefined>)[kind]?.prototype;
    const native = prototype && Object.getOwnPropertyDescriptor(prototype, name);
    if (!prototype || !native?.set) continue;
    Object.defineProperty(prototype, name, {
      ...native,
      set(this: HTMLElement, value: unknown) {
        const set = (): void => native.set?.call(this, value);
        if (!holds(this, name, value, set)) set();
      },
    });
  }
  Element.prototype.setAttribute = function (this: HTMLElement, name, value) {
    const set = (): void => setAttribute.call(this, name, value);
    if (!isSource(this, String(name).toLowerCase()) || !holds(this, name, value, set)) set();
  };

  onChange(() => {
    for (const [element, [name, value]] of held) {
      held.delete(element);
      // What stands in no page was a word to somebody, not something to see: it is not said later.
      if (element.isConnected) (element as unknown as Record<string, unknown>)[name] = value;
    }
  });
}

const isSource = (element: Element, name: string): boolean =>
  SOURCES.split(",").includes(name) &&
  KINDS.some(([kind, own]) => {
    const type = (window as unknown as Record<string, (new () => Element) | undefined>)[kind];
    return own === name && type !== undefined && element instanceof type;
  });
