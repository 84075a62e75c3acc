/** Collectors that owners place on pages: which of them stand on this one. Loaded only where the site has some. */
import type { Askfirst, Published } from "./api.ts";
import { loadedPath } from "./loaded.ts";
import { senders } from "./senders.ts";
import { onPage } from "./standing.ts";
import { clearAfter } from "./withdrawn.ts";

/** What the site published, as it is on this page; from now on a collector's withdrawal clears what is its own. */
export function here(published: Published): Published {
  const path = loadedPath();
  const found = onPage(published, location.origin, path);
  const { askfirst } = window as Window & { askfirst?: Askfirst };
  askfirst?.on("change", clearAfter(found.policy));
  return { ...found, senders: senders(found.asked, path) };
}
