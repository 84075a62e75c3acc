/** What the site published, as it is on one page: its purposes are those of the site and of the collectors there. */
import type { PlacedDocument, Published, PurposeDocument } from "./api.ts";
import { standsOn } from "./pages.ts";

export function onPage(published: Published, origin: string, path: string): Published {
  const { policy, asked, placed = {} } = published;
  const all = Object.values(placed);
  // Without origins of its own a collector stands on all of the site's, whatever a proxy makes of them.
  const isAt = ({ origins }: PlacedDocument): boolean =>
    origins.includes(origin) || policy.origins.every((each) => origins.includes(each));
  const standing = all.filter((each) => isAt(each) && standsOn(each.pages, path));
  const purposes = { ...policy.purposes, ...Object.fromEntries(all.flatMap(named)) };
  return {
    ...published,
    asked: [...asked, ...standing.flatMap((each) => each.asked)],
    policy: { ...policy, purposes },
  };
}

const named = ({ collector, purposes }: PlacedDocument): [string, PurposeDocument][] =>
  Object.entries(purposes).map(([name, purpose]) => [`${collector}/${name}`, purpose]);
