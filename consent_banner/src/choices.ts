/** The preferences as a modal dialog: each purpose on or off, and less detail of all (as pages/choices.py). */
import type { NoticeContext, Published, PurposeDocument, Question } from "../../sdk/js/src/api.ts";
import { decide } from "../../sdk/js/src/consent.ts";
import { file } from "../../sdk/js/src/file.ts";
import { readKept } from "../../sdk/js/src/receipt.ts";
import {
  address,
  at,
  button,
  type Child,
  changes,
  count,
  day,
  el,
  fields,
  form,
  isOwn,
  isolated,
  listed,
  minimumAge,
  own,
  problem,
  recipientsOf,
  sellsTag,
  sharedDetail,
  signalLine,
  textOf,
  tooYoung,
  unanswered,
  type Words,
  wait,
  withdrawal,
  withReturn,
} from "./kit.ts";

export async function dialog(context: NoticeContext, words: Words): Promise<HTMLDialogElement> {
  const { published, base } = context;
  // A file of before, out of somebody's cache, may have brought the words of the notice alone.
  if (!words.has("choices.title")) throw new Error("the words of the choices are missing");
  const { section }: Partial<typeof import("./collectors.ts")> = published.placed
    ? await import(file(base, "collectors.js"))
    : {};
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
      panel(context, words),
      signalLine(context, words, every(published)),
      save(context, words, section),
      tooYoung(context, words, minimumAge(published, every(published)), "askfirst-minor"),
      el("p", {}, el("a", { href: address(base, "policy") }, words.say("policy.title"))),
    ),
    answers(context, words),
  ) as HTMLDialogElement;
  close.addEventListener("click", () => made.close());
  made.addEventListener("close", () => made.remove());
  return made;
}

/** What answers stays in view. To accept is to switch all of it on, as precisely as the box for less detail says. */
function answers(context: NoticeContext, words: Words): HTMLElement {
  const { published, base, state } = context;
  const age = minimumAge(published, every(published));
  const all = button("accept_all", words.say(`button.accept${age ? "_age" : ""}`, { age }), "askfirst-save");
  all.addEventListener("click", () => {
    const boxes = all.closest("dialog")?.querySelectorAll<HTMLInputElement>("[role=switch],[name=adult]") ?? [];
    for (const box of boxes) box.checked = true;
  });
  return el(
    "div",
    { class: "askfirst-answers" },
    problem(),
    withdrawal(context, words),
    every(published)[0] && [
      !state?.edition && form(base, "askfirst-none", fields(context, words)),
      el(
        "div",
        { class: "askfirst-actions" },
        !state?.edition && button("reject_all", words.say("button.reject"), "askfirst-none"),
        all,
        button("save", words.say("button.save"), "askfirst-save"),
      ),
    ],
  );
}

/** Everything that visitors are asked about, on whatever page. */
const every = ({ asked, placed = {} }: Published): string[] => [
  ...asked.filter(isOwn),
  ...Object.values(placed).flatMap((each) => each.asked),
];

function save(
  context: NoticeContext,
  words: Words,
  section?: typeof import("./collectors.ts").section,
): HTMLElement | null {
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
    // A switch that is off sends nothing; a purpose that is left out keeps its old answer.
    { ...fields(context, words), off: names.filter((name) => isShown(context, name)).join(" ") },
    unanswered(),
    names.some((name) => lessDiffers(published, name)) && less(sharedDetail(state) === 1, words),
    names.filter(isOwn).map(one),
    section?.(published, words, one),
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
  );
}

/** What would be stored of this very visit; the page works it out when it is opened. */
function example({ published, base }: NoticeContext, name: string, words: Words): HTMLElement {
  const summary = el("summary", {}, words.say("choices.example"));
  const made = el("details", {}, summary);
  const late = el("p", { role: "alert" }, words.say("notice.failed"));
  const fill = async (): Promise<void> => {
    const part: Promise<typeof import("./example.ts")> = import(file(base, "example.js"));
    try {
      const { table } = await part;
      made.append(table(published, name, words, new Date()));
      late.remove();
    } catch {
      made.remove();
    }
  };
  made.addEventListener("toggle", () => void wait(summary, fill, () => made.append(late)), { once: true });
  return made;
}

/** Until when an answer holds: what the state cookie itself says, and nobody is asked (unix seconds); 0 where none does. */
function ends(suffix = ""): number {
  try {
    const name = `__Host-askfirst${suffix}=`;
    const token = document.cookie.split(/; */).find((cookie) => cookie.startsWith(name));
    const claims = token?.split(".").at(-2) as string;
    return Number(JSON.parse(atob(claims.replace(/-/g, "+").replace(/_/g, "/"))).exp);
  } catch {
    return 0;
  }
}

/** What holds now: since when, where this browser knows it, until when, which edition, what is kept, and the receipt. */
function panel({ published, state, base }: NoticeContext, words: Words): HTMLElement | null {
  if (!state) return null;
  const date = day(published.effective, words);
  const link = (page: string, path: string): Child => el("a", { href: withReturn(base, page) }, words.say(path));
  const { since } = (state.edition && readKept(published.suffix ?? "")) || {};
  const end = ends(published.suffix);
  const begun =
    !!since && `${words.say("rights.status.granted")} · ${words.say("rights.since", { date: day(since, words) })}`;
  const choice = state.edition ? begun : words.say("choices.present", { choice: words.say("control.off") });
  const until = end && words.say("rights.until", { date: day(end * 1000, words) });
  return el(
    "p",
    { class: "askfirst-note" },
    choice && (until ? `${listed(words, [choice, until])} ` : `${choice}. `),
    words.say("policy.edition", { number: published.number, date }),
    ". ",
    state.edition
      ? [link("rights/me", "rights.title"), " · ", link("rights/receipt", "button.download")]
      : words.say("rights.none"),
  );
}

/** The one switch for all: how precisely. */
const less = (checked: boolean, words: Words): HTMLElement =>
  el(
    "label",
    { class: "askfirst-less" },
    el("input", { type: "checkbox", name: "detail", value: 1, checked }),
    el(
      "span",
      {},
      el("strong", {}, words.say("choices.less")),
      " ",
      el("span", { class: "askfirst-note" }, words.say("choices.less_why")),
    ),
  );

const isAnswered = ({ state }: NoticeContext, name: string): boolean => state !== null && name in state.choices;

const isDenied = ({ published, signals }: NoticeContext, name: string): boolean =>
  signals.gpc && published.sells.includes(name);

/** Whether saving answers it: what is asked here, or was answered before, unless a signal did. */
const isShown = (context: NoticeContext, name: string): boolean =>
  !isDenied(context, name) &&
  (isOwn(name) || isAnswered(context, name) || context.consent.asks.some(({ purpose }) => purpose === name));

function purpose(context: NoticeContext, name: string, asks: readonly Question[], words: Words): HTMLElement | null {
  const { published, consent } = context;
  const found = published.policy.purposes[name];
  if (!found) return null;
  const text = textOf(found, name, words.lang);
  const question = asks.find((each) => each.purpose === name);
  const denied = isDenied(context, name);
  const title = el("strong", {}, own(text.title, text.lang), sellsTag(found, words));
  // What became wider is asked about anew: an older answer is no answer to it.
  const checked = isAnswered(context, name) && !question && Boolean(consent.details[name]);
  const box = { type: "checkbox", role: "switch", name: `purpose.${name}`, value: 2, checked };
  return el(
    "fieldset",
    { class: "askfirst-purpose" },
    el(denied ? "p" : "label", { class: "askfirst-switch" }, title, !denied && el("input", box)),
    el("p", {}, own(text.description, text.lang)),
    !denied && el("p", {}, stores(published, name, words)),
    el("p", { class: "askfirst-note" }, about(found, recipientsOf(published, name, words), words)),
    question && question.widened.length > 0 && changes(question.widened),
    denied && el("p", { class: "askfirst-signal" }, words.say("choices.gpc")),
    !denied && published.details[name]?.[2] && example(context, name, words),
  );
}

/** What is stored of what is on; the box for less detail says which counts, by styles alone. */
const stores = (published: Published, name: string, words: Words): Child =>
  lessDiffers(published, name)
    ? [2, 1].map((detail) =>
        el(
          "span",
          { class: `askfirst-at-${detail}` },
          el("em", {}, words.say(`detail.${detail}`)),
          ": ",
          at(published, name, detail, words),
        ),
      )
    : at(published, name, 2, words);

/** Whether less detail of a purpose stores anything else than what is asked. */
const lessDiffers = ({ details }: Published, name: string): boolean =>
  JSON.stringify(details[name]?.[1]) !== JSON.stringify(details[name]?.[2]);

/** How long it is kept, with whom it is shared (in words), and what it sets in the browser. */
function about(purpose: PurposeDocument, shared: string, words: Words): string {
  const names = [...purpose.cookies, ...purpose.storage].map(isolated);
  return [
    ...retention(purpose, words),
    shared,
    ...(names.length > 0 ? [words.say("choices.sets", { names: listed(words, names) })] : []),
  ].join(" ");
}

function retention(purpose: PurposeDocument, words: Words): string[] {
  if (Object.keys(purpose.levels).length === 0) return [];
  const period = words.say(`within.${purpose.closes}`);
  const days = (n: number): string => count(words, "days", n);
  const counts = words.say("retention.counts", { days: days(purpose.retention_days), period });
  if (!purpose.keep_rows_days) {
    return [counts, words.say("retention.rows_none", { cell: purpose.min_cell_size, period })];
  }
  const rows = words.say("retention.rows", { days: days(purpose.keep_rows_days), period });
  return purpose.levels["visitor"] === 2 ? [counts, rows, words.say("retention.receipt")] : [counts, rows];
}
