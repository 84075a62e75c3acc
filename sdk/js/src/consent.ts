/** What a page may do, and what its visitor is to be asked: the rules of terms/consent.py, on what the site published. */
import type { ConsentView, Detail, Published, Question, Scope, Signals, State } from "./api.ts";

export const nothing = (): ConsentView => ({ source: "none", details: {}, scopes: {}, asks: [] });

export function decide(published: Published, state: State | null, signals: Signals): ConsentView {
  const { asked, sells, closed, bounds, changes } = published;
  const denied = (purpose: string): boolean => signals.gpc && sells.includes(purpose);
  const details: Readonly<Record<string, Detail>> = state?.choices ?? {};
  const edition = state?.edition ?? 0;
  /** The detail of the site's own purpose of that name, which bounds a placed collector's, off included. */
  const held = (purpose: string): number => details[purpose.split("/").pop() as string] ?? 0;
  const scopes: Record<string, Scope> = {};
  for (const [purpose, detail] of Object.entries(details)) {
    const scope = bounds[edition]?.[purpose]?.[Math.min(detail, held(purpose))];
    if (scope && !closed && !denied(purpose)) scopes[purpose] = scope;
  }

  /** The question about a purpose; none where it is answered, and nothing got wider since. */
  const question = (purpose: string): Question[] => {
    const detail = details[purpose];
    if (closed || denied(purpose)) return [];
    if (detail === undefined || (detail && !bounds[edition])) {
      // A placed collector's purpose is asked about where the site's own of that name was not refused (M49).
      const refused = state && purpose.includes("/") && !held(purpose);
      return signals.dnt || (refused && !detail) ? [] : [{ purpose, widened: [] }];
    }
    const widened = changes[edition]?.[purpose];
    return detail && widened?.[0] ? [{ purpose, widened }] : [];
  };

  const answered = state ? "visitor" : signals.dnt ? "dnt" : "none";
  return { source: asked.some(denied) ? "gpc" : answered, details, scopes, asks: asked.flatMap(question) };
}
