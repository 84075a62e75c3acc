/** Our own words: of a language those of the notice in one file, and all that the server's pages are made of in another. */
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
  /** The same with what `el` takes in its holes, each as a list. */
  readonly around: (path: string, holes: Readonly<Record<string, readonly Child[]>>) => Child;
  readonly has: (path: string) => boolean;
}

export type Holes = Readonly<Record<string, string | number>>;

type Of = Pick<Published, "lang" | "words">;

/** What the notice says, in the language that the site published for this page, or in English; `early` may be that, on its way. */
export async function load(
  base: string,
  { lang, words: own }: Of,
  early?: NoticeContext["words"],
  folder = "words",
): Promise<Words> {
  const sent = (await early) as { readonly lang?: string } | undefined;
  if (sent?.lang === lang) return words(sent as Entry, own);
  const read = (name: string): Promise<Response> => fetch(file(base, `${folder}/${name}.json`));
  const response = await read(lang);
  if (response.ok) return words(await response.json(), own);
  const english = await read(FALLBACK);
  if (!english.ok) throw new Error("the words of the notice are missing");
  return words(await english.json());
}

/** Everything that is said, in that language. */
export const loadAll = (base: string, published: Of): Promise<Words> => load(base, published, undefined, "words/all");

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
  const around = (path: string, holes: Readonly<Record<string, readonly Child[]>>): Child =>
    String(find(path))
      .split(HOLE)
      .map((part, at) => (at % 2 ? holes[part]?.map((node, at) => (at ? [say("list"), node] : node)) : part));
  return { lang: say("lang"), dir: say("dir"), say, around, has: (path) => !!find(path) };
}

/** A site's words inside a plain sentence of ours: no direction in them leaves them (UAX 9). */
export const isolated = (text: string): string => `\u2068${undirected(text)}\u2069`;
