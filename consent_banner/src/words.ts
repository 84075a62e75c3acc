/** Our own words: one file a language, the same that the server's pages are made of. */
import type { Published } from "../../sdk/js/src/api.ts";
import { type Child, undirected } from "./element.ts";

const FALLBACK = "en";
const { fetch } = window;

export interface Words {
  readonly lang: string;
  readonly dir: string;
  /** The sentence at a path such as "button.accept", its `{holes}` filled. */
  readonly say: (path: string, holes?: Holes) => string;
  /** The same with nodes in one of its holes, as a list. */
  readonly around: (path: string, hole: string, nodes: readonly Node[]) => Child;
  readonly has: (path: string) => boolean;
}

export type Holes = Readonly<Record<string, string | number>>;

/** The words in the page's language, where the policy and we have it; otherwise in the policy's first one, or English. */
export async function load(base: string, { policy }: Published): Promise<Words> {
  const page = document.documentElement.lang.split("-", 1)[0] ?? "";
  const own = policy.languages.find((lang) => lang.split("-", 1)[0] === page) ?? policy.languages[0];
  const found = (await read(base, own ?? FALLBACK)) ?? (await read(base, FALLBACK));
  if (!found) throw new Error("the words of the notice are missing");
  return found;
}

async function read(base: string, lang: string): Promise<Words | undefined> {
  const response = await fetch(`${base}words/${lang}.json`);
  return response.ok ? words(await response.json()) : undefined;
}

type Entry = string | { readonly [key: string]: Entry };

export function words(entries: Entry): Words {
  const find = (path: string): Entry | undefined =>
    path
      .split(".")
      .reduce<Entry | undefined>((found, step) => (typeof found === "object" ? found[step] : undefined), entries);
  const say = (path: string, holes: Holes = {}): string =>
    String(find(path)).replace(/\{([a-z_]+)\}/g, (_, hole: string) => String(holes[hole]));
  const around = (path: string, hole: string, nodes: readonly Node[]): Child => {
    const [before, after] = say(path, { [hole]: "\0" }).split("\0");
    return [before, nodes.map((node, at) => (at > 0 ? [say("list"), node] : node)), after];
  };
  return { lang: say("lang"), dir: say("dir"), say, around, has: (path) => find(path) !== undefined };
}

/** A site's words inside a plain sentence of ours: no direction in them leaves them (UAX 9). */
export const isolated = (text: string): string => `\u2068${undirected(text)}\u2069`;
