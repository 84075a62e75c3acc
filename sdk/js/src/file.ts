/** The address of a built file, which names what all of them hold: a browser keeps it for a year. */
declare const ASKFIRST_VERSION: string;

export const file = (base: string, name: string): string => `${base}${name}?v=${ASKFIRST_VERSION}`;

/** Where a site has our files, where nothing else is said. */
export const BASE = "/askfirst/static/";
