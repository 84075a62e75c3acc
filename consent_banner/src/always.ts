/** "Always", said at one embed: these purposes are granted beside what was answered; where that is not enough, the choices. */
import type { GatedContext } from "../../sdk/js/src/api.ts";
import { minimumAge, sharedDetail } from "./describe.ts";

export async function always(context: GatedContext, names: readonly string[], lang: string): Promise<void> {
  const { published, state, route, consent, choose, answered } = context;
  const given = state();
  const { asks, details } = consent();
  const own = published.asked.filter((purpose) => !purpose.includes("/"));
  // Nothing else may be answered along with it, and nobody's age is known.
  const isEnough = given && !asks[0] && names.every((name) => own.includes(name)) && !minimumAge(published, names);
  if (!isEnough) return void (await choose());
  const detail = sharedDetail(given) || 2;
  const choices = Object.fromEntries(
    own.map((purpose) => [purpose, names.includes(purpose) ? detail : (details[purpose] ?? 0)]),
  );
  try {
    const answer = { v: 2, edition: published.hash, lang, method: "save", choices };
    const response = await route.send("consent", JSON.stringify(answer));
    if (response.ok) return answered();
  } catch {
    // The choices say more.
  }
  await choose();
}
