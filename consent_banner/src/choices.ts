/** The preferences as a modal dialog: the four details of each purpose (as gate/choices.py). */
import type { NoticeContext, Question } from "../../sdk/js/src/api.ts";
import { decide } from "../../sdk/js/src/consent.ts";
import { about, at, DETAILS, minimumAge, textOf } from "./describe.ts";
import { el, own } from "./element.ts";
import { signalLine } from "./first.ts";
import { address, button, fields, form, problem } from "./form.ts";
import { changes } from "./item.ts";
import { every, isOwn, recipientsOf, section } from "./placed.ts";
import type { Words } from "./words.ts";

export function dialog(context: NoticeContext, words: Words): HTMLDialogElement {
  const { published, base } = context;
  const close = el(
    "button",
    {
      type: "button",
      class: "askfirst-button askfirst-quiet askfirst-close",
      "aria-label": words.say("button.close"),
    },
    "×",
  );
  const made = el(
    "dialog",
    { class: "askfirst-dialog", "aria-labelledby": "askfirst-choices-title" },
    el(
      "div",
      { class: "askfirst-head" },
      // Focus starts at the heading, so that the dialog is read from its beginning and no answer is under a finger.
      el("h2", { id: "askfirst-choices-title", tabindex: -1, autofocus: true }, words.say("choices.title")),
      close,
    ),
    el(
      "div",
      { class: "askfirst-choices" },
      el("p", {}, words.say(every(published).length > 0 ? "choices.intro" : "choices.empty")),
      signalLine(context, words, every(published)),
      save(context, words),
      problem(),
      el("p", {}, el("a", { href: address(base, "policy") }, words.say("notice.policy"))),
    ),
  ) as HTMLDialogElement;
  close.addEventListener("click", () => made.close());
  made.addEventListener("close", () => made.remove());
  return made;
}

function save(context: NoticeContext, words: Words): HTMLElement | null {
  const { published, base, state, signals } = context;
  const names = every(published);
  if (names.length === 0) return null;
  const age = minimumAge(published, names);
  // What is to be asked about each, wherever it is asked.
  const { asks } = decide({ ...published, asked: names }, state, signals);
  const one = (name: string): HTMLElement | null => purpose(context, name, asks, words);
  return form(
    base,
    "askfirst-save",
    fields(context, words),
    names.filter(isOwn).map(one),
    section(published, words, one),
    age > 0 &&
      el(
        "label",
        { class: "askfirst-adult" },
        el("input", { type: "checkbox", name: "adult", value: 1 }),
        el(
          "span",
          {},
          words.say("choices.age_declare", { age }),
          " ",
          el("span", { class: "askfirst-note" }, words.say("choices.age_why")),
        ),
      ),
    button("save", words.say("button.save")),
  );
}

function purpose(context: NoticeContext, name: string, asks: readonly Question[], words: Words): HTMLElement | null {
  const { published, signals } = context;
  const found = published.policy.purposes[name];
  if (!found) return null;
  const text = textOf(found, name, words.lang);
  const question = asks.find((each) => each.purpose === name);
  return el(
    "fieldset",
    { class: "askfirst-purpose" },
    el(
      "legend",
      {},
      own(text.title, text.lang),
      found.sells_or_shares && el("span", { class: "askfirst-tag" }, words.say("notice.sells")),
    ),
    el("p", {}, own(text.description, text.lang)),
    el("p", { class: "askfirst-note" }, about(found, recipientsOf(published, name, words), words)),
    question && question.widened.length > 0 && changes(question.widened),
    signals.gpc && published.sells.includes(name)
      ? el("p", { class: "askfirst-signal" }, words.say("choices.gpc"))
      : options(context, name, !question, words),
  );
}

function options(
  { published, consent, state }: NoticeContext,
  name: string,
  settled: boolean,
  words: Words,
): HTMLElement {
  const answered = state !== null && name in state.choices;
  const asked = isOwn(name) || consent.asks.some(({ purpose }) => purpose === name);
  return el(
    "div",
    { class: "askfirst-options" },
    DETAILS.map((detail) =>
      el(
        "label",
        { class: "askfirst-option" },
        el("input", {
          type: "radio",
          name: `purpose.${name}`,
          value: detail,
          checked: answered && settled && consent.details[name] === detail,
          // Left out, a purpose keeps its old answer; what is asked must be answered.
          required: !answered && asked,
        }),
        el("strong", {}, words.say(`detail.${detail}`)),
        el("span", {}, at(published, name, detail, words)),
      ),
    ),
  );
}
