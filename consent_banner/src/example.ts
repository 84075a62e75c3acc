/** What a purpose would store of this very visit, told by the page alone: nothing of it is sent. Loaded when opened. */
import type { Published, Scope } from "../../sdk/js/src/api.ts";
import { page } from "../../sdk/js/src/page.ts";
import { screenAt } from "../../sdk/js/src/screen.ts";
import { el, own, type Words } from "./kit.ts";

export function table({ policy, details }: Published, name: string, words: Words, now: Date): HTMLElement {
  const purpose = policy.purposes[name];
  const [less, asked]: Scope[] = [details[name]?.[1] ?? {}, details[name]?.[2] ?? {}];
  const period = words.say(`within.${purpose?.closes}`);
  const value = (attribute: string, level = 0): string => {
    if (!level) return "";
    const text = told(attribute, level, words.lang, now);
    if (text) return text;
    if (attribute === "page" && purpose) return page(location, level, purpose.query_parameters);
    return words.say(`level.${attribute}.${level}`, { period });
  };
  const head = ["", words.say("detail.1"), words.say("detail.2")].map((said) => el("th", { scope: "col" }, said));
  const rows = Object.entries(asked ?? {}).map(([attribute, level]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, words.say(`attribute.${attribute}`)),
      [value(attribute, less?.[attribute]) || words.say("choices.nothing"), value(attribute, level)].map((said) =>
        el("td", {}, own(said)),
      ),
    ),
  );
  return el("table", {}, el("tr", {}, head), rows);
}

/** What the page knows of its visitor; nothing for what only the site's server can tell. */
function told(attribute: string, level: number, lang: string, now: Date): string {
  if (attribute === "time") return time(level, lang, now);
  if (attribute === "language") return level > 1 ? navigator.language : (navigator.language.split("-", 1)[0] ?? "");
  if (attribute === "campaign") return page(location, 0, {}, level).slice(2); // what the link said, or nothing
  if (attribute === "screen" && level > 1) return [screenAt(level, screen.width, screen.height)].flat().join(" × ");
  if (attribute === "referrer" && level > 1 && document.referrer) return new URL(document.referrer).hostname;
  return "";
}

function time(level: number, lang: string, now: Date): string {
  const parts = ["hour", "minute", "second"].slice(0, level - 1).map((part) => [part, "2-digit"]);
  return now.toLocaleString(lang, { year: "numeric", month: "long", day: "numeric", ...Object.fromEntries(parts) });
}
