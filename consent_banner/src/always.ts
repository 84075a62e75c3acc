/** "Always", said at one embed: these purposes are granted beside what was answered; where that is not enough, the choices. */
import type { GatedContext } from "../../sdk/js/src/api.ts";
import { minimumAge, sharedDetail } from "./describe.ts";

const { fetch } = globalThis;

export async function always(context: GatedContext, names: readonly string[], lang: string): Promise<void> {
  const { published, state, base, consent, choose, answered } = context;
  const given = state();
  const { asks, details } = consent();
  const own = published.asked.filter((purpose) => !purpose.includes("/"));
  // Nothing else may be answered along with it, and nobody's age is known.
  const isEnough = given && !asks[0] && names.every((name) => own.includes(name)) && !minimumAge(published, names);
  if (!isEnough) return choose();
  const detail = sharedDetail(given) || 2;
  const choices = Object.fromEntries(
    own.map((purpose) => [purpose, names.includes(purpose) ? detail : (details[purpose] ?? 0)]),
  );
  try {
    const response = await fetch(new URL("../consent", base), {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ v: 2, edition: published.hash, lang, method: "save", choices }),
    });
    if (response.ok) answered();
    else choose();
  } catch {
    choose();
  }
}
