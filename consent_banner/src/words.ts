/** Our own words: one file a language, the same that the server's pages are made of. */
import type { NoticeContext, Published } from "../../sdk/js/src/api.ts";
import { file } from "../../sdk/js/src/file.ts";
import { type Child, undirected } from "./element.ts";

const FALLBACK = "en";
const { fetch } = window;

export interface Words {
  readonly lang: string;
  readonly dir: string;
  /** The sentence at a path such as "button.accept", its `{holes}` filled. */
  readonly say: (path: string, holes?: Holes) => string;
  /** The same with nodes in its holes, each as a list. */
  readonly around: (path: string, holes: Readonly<Record<string, readonly Node[]>>) => Child;
  readonly has: (path: string) => boolean;
}

export type Holes = Readonly<Record<string, string | number>>;

/** The words in the language that the site published for this page, or English; `early` may be those, on their way. */
export async function load(
  base: string,
  { lang, words }: Pick<Published, "lang" | "words">,
  early?: NoticeContext["words"],
): Promise<Words> {
  const found = (await read(base, lang, words, early)) ?? (await read(base, FALLBACK));
  if (!found) throw new Error("the words of the notice are missing");
  return found;
}

async function read(
  base: string,
  lang: string,
  own?: Entry,
  early?: NoticeContext["words"],
): Promise<Words | undefined> {
  const sent = (await early) as { readonly lang?: string } | undefined;
  if (sent?.lang === lang) return words(sent as Entry, own);
  const response = await fetch(file(base, `words/${lang}.json`));
  return response.ok ? words(await response.json(), own) : undefined;
}

const HOLE = /\{([a-z_]+)\}/g;

type Entry = string | { readonly [key: string]: Entry };

/** `own` are a site's, in the place of ours. */
export function words(entries: Entry, own?: Entry): Words {
  const within = (all: Entry | undefined, path: string): Entry | undefined =>
    path
      .split(".")
      .reduce<Entry | undefined>((found, step) => (found as Readonly<Record<string, Entry>> | undefined)?.[step], all);
  const find = (path: string): Entry | undefined => within(own, path) ?? within(entries, path);
  const say = (path: string, holes: Holes = {}): string =>
    String(find(path)).replace(HOLE, (_, hole: string) => String(holes[hole]));
  const around = (path: string, holes: Readonly<Record<string, readonly Node[]>>): Child =>
    String(find(path))
      .split(HOLE)
      .map((part, at) => (at % 2 ? holes[part]?.map((node, at) => (at ? [say("list"), node] : node)) : part));
  return { lang: say("lang"), dir: say("dir"), say, around, has: (path) => !!find(path) };
}

/** A site's words inside a plain sentence of ours: no direction in them leaves them (UAX 9). */
export const isolated = (text: string): string => `\u2068${undirected(text)}\u2069`;
