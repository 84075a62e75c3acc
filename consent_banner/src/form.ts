/** The forms that carry an answer: the same fields as gate/forms.py writes, so that they work without us too. */
import type { NoticeContext } from "../../sdk/js/src/api.ts";
import { type Child, el } from "./element.ts";
import type { Words } from "./words.ts";

/** The address of one of our paths on this site, such as "consent". */
export const address = (base: string, path: string): string => new URL(`../${path}`, base).href;

/** The address of one of our pages that knows the way back. */
export const withReturn = (base: string, page: string): string =>
  `${address(base, page)}?return_to=${encodeURIComponent(here())}`;

const here = (): string => location.pathname + location.search;

export type Fields = Readonly<Record<string, string>>;

export const fields = ({ published }: NoticeContext, words: Words): Fields => ({
  v: "2",
  edition: published.hash,
  lang: words.lang,
  return_to: here(),
});

export const form = (base: string, name: string, hidden: Fields, ...children: Child[]): HTMLElement =>
  formTo(address(base, "consent"), name, hidden, ...children);

const formTo = (action: string, name: string, hidden: Fields, ...children: Child[]): HTMLElement =>
  el(
    "form",
    { id: name, class: name, method: "post", action },
    Object.entries(hidden).map(([key, value]) => el("input", { type: "hidden", name: key, value })),
    children,
  );

/** The form, and its button, of who is under `age`: anybody's refusal; what was agreed to ends and is erased. */
export function tooYoung(context: NoticeContext, words: Words, age: number, name: string): Child[] {
  if (!age) return [];
  const [path, method] = context.state?.edition ? ["rights/erase", "erase"] : ["consent", "reject_all"];
  return [
    formTo(address(context.base, path), name, fields(context, words)),
    button(method, words.say("button.under_age", { age }), name),
  ];
}

/** First in a form with boxes: Enter on one presses the first button. This one does nothing (as pages/forms.py). */
export function unanswered(): HTMLElement {
  const made = el("button", { hidden: true });
  made.addEventListener("click", (event) => event.preventDefault());
  return made;
}

/** Taking all back, and erasing with it where that is ticked; as pages/forms.py. */
export const withdrawal = (context: NoticeContext, words: Words): Child =>
  !!context.state?.edition &&
  formTo(
    address(context.base, "rights/withdraw"),
    "askfirst-withdrawal",
    fields(context, words),
    unanswered(),
    el(
      "span",
      { class: "askfirst-row" },
      button("withdraw", words.say("control.withdraw")),
      el("label", {}, el("input", { type: "checkbox", name: "erase", value: 1 }), " ", words.say("button.erase")),
    ),
  );

export const button = (value: string, label: string, of?: string, kind = ""): HTMLElement =>
  el("button", { type: "submit", name: "method", value, form: of, class: `askfirst-button ${kind}`.trim() }, label);

export const problem = (): HTMLElement => el("p", { class: "askfirst-problem", role: "alert" });
