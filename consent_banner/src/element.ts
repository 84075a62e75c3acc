/** Builds elements, and no markup: nothing that a policy says can become any. */
export type Child = Node | string | null | undefined | false | readonly Child[];

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** The element; an attribute that is false or undefined is left out. */
export function el(name: string, attributes: Attributes = {}, ...children: Child[]): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...nodes(children));
  return made;
}

/** What stands within a sentence; after all else a line ends, so that words are apart without styles. */
const INLINE = /^(A|BDI|EM|INPUT|SPAN|STRONG)$/;

const nodes = (children: readonly Child[]): (Node | string)[] =>
  children.flatMap((child): (Node | string)[] => {
    if (!child) return [];
    if (Array.isArray(child)) return nodes(child);
    const { tagName } = child as Element; // a string has none
    return tagName && !INLINE.test(tagName) ? [child as Element, "\n"] : [child as Node | string];
  });

/** Words that are the site's, not ours; browsers isolate them by characters that may stand in them too. */
export const own = (text: string, lang?: string): HTMLElement => el("bdi", { lang }, undirected(text));

/** The words without any character that only turns or isolates others (UAX 9). */
export const undirected = (text: string): string => text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "");
