/** What a page may do, and what its visitor is to be asked: the rules of terms/consent.py, on what the site published. */
import type { ConsentView, Detail, Published, Question, Scope, Signals, State } from "./api.ts";

export const nothing = (): ConsentView => ({ source: "none", details: {}, scopes: {}, asks: [] });

export function decide(published: Published, state: State | null, signals: Signals): ConsentView {
  const { asked, sells, closed, bounds, changes } = published;
  const denied = (purpose: string): boolean => signals.gpc && sells.includes(purpose);
  const details: Record<string, Detail> = {};
  const scopes: Record<string, Scope> = {};
  for (const [purpose, [detail, edition]] of Object.entries(state?.choices ?? {})) {
    details[purpose] = detail as Detail;
    const scope = bounds[edition]?.[purpose]?.[detail];
    if (scope && !closed && !denied(purpose)) scopes[purpose] = scope;
  }

  /** The question about a purpose; none where it is answered, and nothing got wider since. */
  const question = (purpose: string): Question[] => {
    const choice = state?.choices[purpose];
    const since = (edition: number): readonly string[] => changes[edition]?.[purpose] ?? [];
    // A placed collector's purpose is asked about where the site's own of that name was not refused (M49).
    const above = purpose.split("/")[1];
    const refused = above && state && !choice && !state.choices[above]?.[0];
    if (closed || denied(purpose) || refused) return [];
    if (!choice || (choice[0] && !bounds[choice[1]])) return signals.dnt ? [] : [{ purpose, widened: [] }];
    // What an earlier edition added was already answered: ask only for what came since.
    const open = choice[0] && since(Math.max(choice[1], state?.edition ?? 0)).length > 0;
    return open ? [{ purpose, widened: since(choice[1]) }] : [];
  };

  const answered = state ? "visitor" : signals.dnt ? "dnt" : "none";
  return { source: asked.some(denied) ? "gpc" : answered, details, scopes, asks: asked.flatMap(question) };
}
