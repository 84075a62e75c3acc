/**
 * Who may send from this page beside the site: its owner's element says so.
 *
 * `<span hidden data-askfirst-collector="WRITE KEY" data-askfirst-name="tides"></span>`; any element will do.
 */
import type { Sender } from "./api.ts";
import { vouches } from "./loaded.ts";

const PLACED = "[data-askfirst-collector][data-askfirst-name]";

/** One for each collector that is asked about here and that the gate vouched for; anything else is passed over. */
export function senders(asked: readonly string[], path: string): readonly Sender[] {
  try {
    return [...find(asked, path, vouches()).values()];
  } catch {
    // A page that broke what we read them by has none; the site itself goes on.
    return [];
  }
}

function find(asked: readonly string[], path: string, told: ReadonlyMap<string, string>): ReadonlyMap<string, Sender> {
  const found = new Map<string, Sender>();
  for (const { dataset } of document.querySelectorAll<HTMLElement>(PLACED)) {
    const { askfirstCollector: key, askfirstName: name = "" } = dataset;
    const vouch = told.get(name);
    const stands = asked.some((each) => each.startsWith(`${name}/`));
    if (key && vouch && stands && !found.has(name)) found.set(name, { name, key, vouch, path });
  }
  return found;
}
