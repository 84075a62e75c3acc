/** One purpose that is asked about, in the list of the first layer. */
import type { PurposeDocument, Question } from "../../sdk/js/src/api.ts";
import { isSold, textOf } from "./describe.ts";
import { type Child, el, own } from "./element.ts";
import type { Words } from "./words.ts";

export function purposeItem(
  found: PurposeDocument,
  { purpose, widened }: Question,
  words: Words,
  ...more: Child[]
): HTMLElement {
  const text = textOf(found, purpose, words.lang);
  return el(
    "li",
    {},
    el("strong", {}, own(text.title, text.lang)),
    isSold(found) && el("span", { class: "askfirst-tag" }, words.say("notice.sells")),
    el("div", {}, widened.length > 0 ? changes(widened) : own(text.description, text.lang)),
    more,
  );
}

export const changes = (widened: readonly string[]): HTMLElement =>
  el(
    "ul",
    { class: "askfirst-changes" },
    widened.map((each) => el("li", {}, each)),
  );
