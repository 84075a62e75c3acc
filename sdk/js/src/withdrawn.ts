/**
 * After a placed collector was refused or withdrawn: what it declared goes, though the site's own purpose lists it too
 * (a collector's lists are within those) and may go on (M12).
 */
import type { ConsentView, PolicyDocument } from "./api.ts";
import { clear, type Declared } from "./clear.ts";

/** To be called with each consent in turn; `policy.purposes` holds those of placed collectors too. */
export function clearAfter({ purposes, necessary }: PolicyDocument): (now: ConsentView) => void {
  let before: ConsentView["scopes"] = {};
  return ({ scopes, details }) => {
    const ended = Object.keys(purposes).filter(
      (name) => name.includes("/") && !scopes[name] && (before[name] || details[name] === 0),
    );
    before = scopes;
    const above = ended.map((name) => name.split("/")[1]);
    const others = Object.keys(scopes).filter((name) => !above.includes(name));
    const own = { cookies: ["__Host-askfirst*", ...necessary.map(({ cookie }) => cookie)], storage: [] };
    const of = (names: readonly string[]): Declared[] => names.flatMap((name) => purposes[name] ?? []);
    clear(all(of(ended)), all([own, ...of(others)]));
  };
}

const all = (declared: readonly Declared[]): Declared => ({
  cookies: declared.flatMap(({ cookies }) => cookies),
  storage: declared.flatMap(({ storage }) => storage),
});
