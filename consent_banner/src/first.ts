/** The first layer: who asks, for what, who else receives it, how long, how to withdraw (as gate/notice.py). */
import type { NoticeContext, Question } from "../../sdk/js/src/api.ts";
import { count, listed, minimumAge, recipient, textOf } from "./describe.ts";
import { el, own } from "./element.ts";
import { address, button, fields, form, problem, withReturn } from "./form.ts";
import { isolated, type Words } from "./words.ts";

export function firstLayer(context: NoticeContext, words: Words): HTMLElement {
  const { published, consent } = context;
  const changed = consent.asks.every(({ widened }) => widened.length > 0);
  const [before, after] = words
    .say(changed ? "notice.changed_intro" : "notice.intro", { controller: "\0" })
    .split("\0");
  const controller = own(published.policy.controller["name"] ?? "");
  const label = { "aria-labelledby": "askfirst-title" };
  return el(
    "section",
    { id: "askfirst-notice", class: "askfirst-notice", ...label, "data-askfirst-edition": published.number },
    el(
      "div",
      { class: "askfirst-text", tabindex: 0, role: "group", ...label },
      el(
        "div",
        { class: "askfirst-lead" },
        el(
          "h2",
          { id: "askfirst-title", class: "askfirst-title" },
          words.say(changed ? "notice.changed" : "notice.title"),
        ),
        el("p", {}, before, controller, after),
        signalLine(context, words),
      ),
      el(
        "ul",
        { class: "askfirst-purposes" },
        consent.asks.map((question) => purpose(context, question, words)),
      ),
      facts(context, words),
    ),
    foot(context, words, changed),
  );
}

function purpose({ published }: NoticeContext, { purpose: name, widened }: Question, words: Words): HTMLElement | null {
  const found = published.policy.purposes[name];
  if (!found) return null;
  const text = textOf(found, name, words.lang);
  return el(
    "li",
    {},
    el("strong", {}, own(text.title, text.lang)),
    found.sells_or_shares && el("span", { class: "askfirst-tag" }, words.say("notice.sells")),
    el("div", {}, widened.length > 0 ? changes(widened) : own(text.description, text.lang)),
  );
}

export const changes = (widened: readonly string[]): HTMLElement =>
  el(
    "ul",
    { class: "askfirst-changes" },
    widened.map((each) => el("li", {}, each)),
  );

/** That the browser's opt-out was honoured, where it turns something off (M22). */
export function signalLine({ published, signals }: NoticeContext, words: Words): HTMLElement | null {
  if (!signals.gpc) return null;
  const titles = published.sells.flatMap((name) => {
    const found = published.policy.purposes[name];
    return found ? [isolated(textOf(found, name, words.lang).title)] : [];
  });
  const said = titles.length > 0 ? "notice.gpc" : "notice.gpc_plain";
  return el("p", { class: "askfirst-signal" }, words.say(said, { purposes: listed(words, titles) }));
}

function facts({ published: { policy }, consent }: NoticeContext, words: Words): HTMLElement {
  const asked = consent.asks.flatMap(({ purpose: name }) => policy.purposes[name] ?? []);
  const others = new Set(asked.flatMap(({ recipients }) => recipients.map((one) => recipient(one, words))));
  const kept = count(words, "days", Math.max(...asked.map(({ retention_days }) => retention_days)));
  const unasked = Object.entries(policy.purposes)
    .filter(([, { legal_basis }]) => legal_basis !== "consent")
    .map(([name, found]) => {
      const { title } = textOf(found, name, words.lang);
      return `${isolated(title)} (${words.say(`basis.${found.legal_basis}`)})`;
    });
  const pairs: [string, string][] = [
    ["who", others.size > 0 ? listed(words, [...others].sort()) : words.say("notice.nobody")],
    ["how_long", words.say("notice.remembered", { kept, consent: count(words, "days", policy.consent_days) })],
    ["withdraw", words.say("notice.withdraw_how")],
  ];
  if (unasked.length > 0) pairs.push(["unasked", listed(words, unasked)]);
  return el(
    "dl",
    { class: "askfirst-facts" },
    pairs.map(([key, value]) => el("div", {}, el("dt", {}, words.say(`notice.${key}`)), el("dd", {}, value))),
  );
}

function foot(context: NoticeContext, words: Words, changed: boolean): HTMLElement {
  const { published, consent, state, base } = context;
  const asked = consent.asks.map((question) => question.purpose);
  const age = minimumAge(published, asked);
  let refusing = fields(context, words);
  let accepting = age ? { ...refusing, adult: "1" } : refusing;
  if (state) {
    // Only what is asked is answered now; where an older grant would be widened, refusing leaves that purpose out.
    const set = (names: readonly string[], detail: string) => names.map((name) => [`purpose.${name}`, detail]);
    const isNew = consent.asks.filter(({ widened }) => widened.length === 0).map((question) => question.purpose);
    accepting = { ...accepting, ...Object.fromEntries(set(asked, "3")) };
    refusing = { ...refusing, ...Object.fromEntries(set(isNew, "0")) };
  }
  const apart = age > 0 || state !== null;
  const kind = changed ? "_changed" : "";
  const accept = words.say(`button.accept${kind}${age ? "_age" : ""}`, { age });
  return el(
    "div",
    { class: "askfirst-foot" },
    form(
      base,
      "askfirst-answer",
      refusing,
      el(
        "div",
        { class: "askfirst-actions" },
        button(state ? "save" : "reject_all", words.say(`button.reject${kind}`)),
        button("accept_all", accept, apart ? "askfirst-accept" : undefined),
      ),
    ),
    apart && form(base, "askfirst-accept", accepting),
    el(
      "p",
      { class: "askfirst-links" },
      el("a", { href: withReturn(base, "choices"), "data-askfirst": "choices" }, words.say("button.choose")),
      el("a", { href: address(base, "policy") }, words.say("notice.policy")),
    ),
    problem(),
  );
}
