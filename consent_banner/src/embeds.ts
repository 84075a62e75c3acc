/**
 * What a page embeds and what waits for consent: `<iframe data-purpose="marketing" data-src="https://…">`, images, video
 * and audio alike, and the content of a `<template>`. In its place stands who would receive what, until it may be loaded.
 */
import type { GatedContext } from "../../sdk/js/src/api.ts";
import { holds, waitsFor } from "../../sdk/js/src/waits.ts";
import { always } from "./always.ts";
import { el, own } from "./element.ts";
import { load, type Words } from "./words.ts";

const WAITING = ":is(iframe,img,video,audio,template):is([data-purpose],[data-category],[data-service])";
const ADDRESSES = ["src", "srcset", "poster"];
const PLAYERS =
  /(^|\.)(youtube(-nocookie)?\.com|youtu\.be|vimeo\.com|dailymotion\.com|twitch\.tv|spotify\.com|soundcloud\.com)$/;

/** Answers a function that loads what may be loaded at that moment, and takes away what may not be any more. */
export function start(context: GatedContext): () => void {
  const { published, consent, nonce } = context;
  const once = new WeakSet<Element>(); // loaded because its visitor said so, whatever the answer
  const contents = new Map<Element, readonly ChildNode[]>(); // of a template that is open
  const opened = new WeakSet<Element>();
  const placeholders = new Map<HTMLElement, HTMLElement>();
  let words: Promise<Words> | undefined;

  const isAllowed = (element: HTMLElement): boolean => {
    const names = waitsFor(element);
    return names.length > 0 && names.every((name) => holds(published, consent(), name));
  };

  function open(element: HTMLElement): void {
    placeholders.get(element)?.remove();
    placeholders.delete(element);
    if (opened.has(element)) return;
    opened.add(element);
    if (element instanceof HTMLTemplateElement) {
      const content = document.importNode(element.content, true);
      // A script in it would run without a nonce of its own: under strict-dynamic no browser asks for one.
      for (const script of nonce ? content.querySelectorAll("script") : []) if (script.nonce !== nonce) script.remove();
      contents.set(element, [...content.childNodes]);
      element.after(content);
      return;
    }
    element.hidden = false;
    for (const one of [...element.querySelectorAll<HTMLElement>("source[data-src]"), element]) {
      for (const name of ADDRESSES) {
        const value = one.dataset[name];
        if (value) one.setAttribute(name, value);
      }
    }
    if (element instanceof HTMLMediaElement) element.load();
  }

  function close(element: HTMLElement): void {
    if (opened.delete(element)) {
      for (const node of contents.get(element) ?? []) node.remove();
      contents.delete(element);
      // An address that is taken away ends nothing that a frame shows.
      if (element instanceof HTMLIFrameElement) element.contentWindow?.location.replace("about:blank");
      for (const one of [element, ...element.querySelectorAll("source")]) {
        for (const name of ADDRESSES) one.removeAttribute(name);
      }
      if (element instanceof HTMLMediaElement) element.load();
    }
    if (placeholders.get(element)?.isConnected) return;
    element.hidden = true;
    const place = el("div", { class: "askfirst-embed", role: "group" });
    placeholders.set(element, place);
    element.before(place);
    void describe(element, place);
  }

  async function describe(element: HTMLElement, place: HTMLElement): Promise<void> {
    words ??= load(context.base, published);
    const said = await words;
    const host = hostOf(element);
    const button = (path: string, act: () => void): HTMLElement => {
      const made = el("button", { type: "button" }, said.say(`embed.${path}`));
      // A page's script may not load it for its visitor.
      made.addEventListener("click", ({ isTrusted }) => isTrusted && act());
      return made;
    };
    const names = recipientsOf(element, host);
    place.lang = said.lang;
    place.dir = said.dir;
    place.append(
      PLAYERS.test(host) ? el("p", { "aria-hidden": "true" }, "▶") : "",
      el("p", {}, said.around("embed.receives", { names: names.map((name) => own(name)) })),
      button("once", () => {
        once.add(element);
        open(element);
      }),
      " ",
      button("always", () => void always(context, waitsFor(element), said.lang)),
    );
    look(element, place);
  }

  /** Who would receive it: those of its purposes that have this host, else all of them, else the host itself. */
  function recipientsOf(element: HTMLElement, host: string): string[] {
    const all = waitsFor(element).flatMap((name) => published.policy.purposes[name]?.recipients ?? []);
    const here = all.filter(({ hosts = [] }) => hosts.some((each) => host === each || host.endsWith(`.${each}`)));
    const names = new Set((here[0] ? here : all).map(({ name }) => name));
    return names.size > 0 ? [...names] : [host];
  }

  return () => {
    for (const [element, place] of placeholders) {
      if (element.isConnected) continue;
      place.remove();
      placeholders.delete(element);
    }
    for (const element of document.querySelectorAll<HTMLElement>(WAITING)) {
      if (once.has(element) || isAllowed(element)) open(element);
      else close(element);
    }
  };
}

function hostOf(element: HTMLElement): string {
  try {
    const inside = element instanceof HTMLTemplateElement ? element.content : element;
    const source = element.dataset["src"] ?? inside.querySelector<HTMLElement>("[src],[data-src]")?.getAttribute("src");
    return new URL(source ?? "", location.href).hostname;
  } catch {
    return location.hostname;
  }
}

/** The poster of an embed, drawn here; by properties, which a policy for styles allows. */
function look(element: HTMLElement, { style }: HTMLElement): void {
  const [width, height] = ["width", "height"].map((name) => Number.parseInt(element.getAttribute(name) ?? "", 10));
  Object.assign(style, {
    boxSizing: "border-box",
    maxWidth: "100%",
    width: width ? `${width}px` : "",
    minHeight: height ? `${height}px` : "",
    padding: "1em",
    border: "1px solid",
    display: "grid",
    placeContent: "center",
    gap: "0.5em",
    textAlign: "center",
  });
}
