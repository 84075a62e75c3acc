/** One purpose that is asked about, in the list of the first layer: a name that opens in place. */
import type { PurposeDocument, Question } from "../../sdk/js/src/api.ts";
import { isSold, textOf } from "./describe.ts";
import { type Child, el, own } from "./element.ts";
import type { Words } from "./words.ts";

/** What became wider is open at once: it is what the question is about. */
export function purposeItem(
  found: PurposeDocument,
  { purpose, widened }: Question,
  words: Words,
  ...note: Child[]
): HTMLElement {
  const text = textOf(found, purpose, words.lang);
  const wider = widened.length > 0;
  return el(
    "li",
    {},
    el(
      "details",
      { open: wider },
      el("summary", {}, el("strong", {}, own(text.title, text.lang)), sellsTag(found, words)),
      wider
        ? changes(widened)
        : [el("p", {}, own(text.description, text.lang)), el("p", { class: "askfirst-note" }, note)],
    ),
  );
}

/** That it may be sold or shared, where somebody receives it. */
export const sellsTag = (found: PurposeDocument, words: Words): Child =>
  isSold(found) && [" ", el("span", { class: "askfirst-tag" }, words.say("notice.sells"))];

export const changes = (widened: readonly string[]): HTMLElement =>
  el(
    "ul",
    { class: "askfirst-changes" },
    widened.map((each) => el("li", {}, each)),
  );
