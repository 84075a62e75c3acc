/** The address of a built file, which names what all of them hold: a browser keeps it for a year. */
declare const ASKFIRST_VERSION: string;

export const file = (base: string, name: string): string => `${base}${name}?v=${ASKFIRST_VERSION}`;

/** What `askfirst snippet` writes in: the languages that a site of files has, its first ahead. In npm's package those of our words; elsewhere "". */
declare const ASKFIRST_LANGUAGES: string;

export const primary = (lang: string): string => lang.toLowerCase().split("-")[0] as string;

/** Of those languages the page's, or the first: nothing is asked for that is not there. */
export const written = (lang: string): string => {
  const all = ASKFIRST_LANGUAGES.split(" ");
  return all.find((one) => one === primary(lang)) ?? (all[0] as string);
};

/** Where a site has our files, where nothing else is said. */
export const BASE = "/askfirst/static/";
