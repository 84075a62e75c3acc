/**
 * What a page embeds and what waits for consent: `<iframe data-purpose="marketing" data-src="https://…">`, images, video,
 * audio, `<object>` and `<embed>` alike, and the content of a `<template>`. In its place stands who would receive what, until it may be loaded.
 */
import type { GatedContext } from "../../sdk/js/src/api.ts";
import { file } from "../../sdk/js/src/file.ts";
import { holds, waitsFor } from "../../sdk/js/src/waits.ts";

const WAITING = ":is(iframe,img,video,audio,object,embed,template):is([data-purpose],[data-category],[data-service])";
const ADDRESSES = ["src", "srcset", "poster"];
/** Answers a function that loads what may be loaded at that moment, and takes away what may not be any more. */
export function start(context: GatedContext): () => void {
  const { consent, nonce, base } = context;
  const once = new WeakSet<Element>(); // loaded because its visitor said so, whatever the answer
  const contents = new Map<Element, readonly ChildNode[]>(); // of a template that is open
  const opened = new WeakSet<Element>();
  const placeholders = new Map<HTMLElement, HTMLElement>();
  let spoken: string | undefined; // language of the placeholders

  const isAllowed = (element: HTMLElement): boolean => {
    const names = waitsFor(element);
    return names.length > 0 && names.every((name) => holds(context.published, consent(), name));
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
        if (value) one.setAttribute(attribute(one, name), value);
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
        for (const name of ADDRESSES) one.removeAttribute(attribute(one, name));
      }
      // What a plug-in shows ends with its place in the page.
      if (/^(OBJECT|EMBED)$/.test(element.tagName)) {
        const mark = document.createComment("");
        element.replaceWith(mark);
        mark.replaceWith(element);
      }
      if (element instanceof HTMLMediaElement) element.load();
    }
    if (placeholders.get(element)?.isConnected) return;
    element.hidden = true;
    const place = document.createElement("div");
    place.className = "askfirst-embed";
    place.setAttribute("role", "group");
    placeholders.set(element, place);
    element.before(place);
    void describe(element, place);
  }

  async function describe(element: HTMLElement, place: HTMLElement): Promise<void> {
    try {
      const { draw }: typeof import("./placeholder.ts") = await import(file(base, "placeholder.js"));
      await draw(context, element, place, () => {
        once.add(element);
        open(element);
      });
    } catch {
      // Its file or its words are missing: the place stays empty, and the page is told nothing.
    }
  }

  return () => {
    const { lang } = context.published;
    for (const [element, place] of placeholders) {
      if (!element.isConnected) {
        place.remove();
        placeholders.delete(element);
      } else if (lang !== spoken) void describe(element, place);
    }
    spoken = lang;
    for (const element of document.querySelectorAll<HTMLElement>(WAITING)) {
      try {
        if (once.has(element) || isAllowed(element)) open(element);
        else close(element);
      } catch {
        // Trusted Types let nobody set the address of an object or embed: the others are looked at all the same.
      }
    }
  };
}

/** An element's own name for its source. */
const attribute = ({ tagName }: Element, name: string): string =>
  tagName === "OBJECT" && name === "src" ? "data" : name;
