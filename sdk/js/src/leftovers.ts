/** What a withdrawal has to take away: of every purpose that is refused, or was allowed until now. */
import type { ConsentView, PolicyDocument } from "./api.ts";
import type { Declared } from "./clear.ts";

const OURS = "__Host-askfirst*";

/** What goes, and what stays because the site, or a purpose that is not affected, declares it too. */
export function leftovers(
  policy: PolicyDocument,
  before: ConsentView,
  now: ConsentView,
): [gone: Declared, kept: Declared] {
  const gone = { cookies: [] as string[], storage: [] as string[] };
  const kept = { cookies: [OURS, ...policy.necessary.map(({ cookie }) => cookie)], storage: [] as string[] };
  for (const [name, { cookies, storage }] of Object.entries(policy.purposes)) {
    const ended = before.scopes[name] || now.details[name] === 0;
    // All that a placed collector declares the site declares too: until it is allowed, it keeps nothing back.
    const side = now.scopes[name] || !(ended || name.includes("/")) ? kept : gone;
    side.cookies.push(...cookies);
    side.storage.push(...storage);
  }
  return [gone, kept];
}
