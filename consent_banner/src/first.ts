/** The first layer: who asks, for what, who else receives it, how long, how to withdraw (as gate/notice.py). */
import type { NoticeContext } from "../../sdk/js/src/api.ts";
import { count, listed, minimumAge, recipients, sharedDetail, textOf } from "./describe.ts";
import { type Child, el, own } from "./element.ts";
import { address, button, fields, form, problem, tooYoung, withReturn } from "./form.ts";
import { purposeItem } from "./item.ts";
import { askedHere, byCollector, controllers, isOwn, noteOf, titleOf } from "./placed.ts";
import { isolated, type Words } from "./words.ts";

export function firstLayer(context: NoticeContext, words: Words): HTMLElement {
  const { published } = context;
  const [heading, ...intro] = lead(context, words);
  const label = { "aria-labelledby": "askfirst-title" };
  return el(
    "section",
    { id: "askfirst-notice", class: "askfirst-notice", ...label, "data-askfirst-edition": published.number },
    el(
      "div",
      { class: "askfirst-text", tabindex: 0, role: "group", ...label },
      el("h2", { id: "askfirst-title" }, heading),
      intro.map((said) => el("p", {}, said)),
      signalLine(context, words, published.asked),
      el("ul", { class: "askfirst-purposes" }, questions(context, words)),
      facts(context, words),
    ),
    foot(context, words),
  );
}

/** Whether all of it was agreed to before, in part. */
const isChanged = ({ consent }: NoticeContext): boolean => consent.asks.every(({ widened }) => widened.length > 0);

/** What the notice is about, and who asks it: the heading, then one sentence each. */
function lead(context: NoticeContext, words: Words): Child[] {
  const { published, consent } = context;
  const asking = byCollector(consent.asks);
  const site = own(published.policy.controller["name"] ?? "");
  const placed = controllers(published, [...asking.keys()].filter(Boolean));
  const policy = el("a", { href: address(context.base, "policy") }, words.say("notice.policy"));
  const said = (path: string, controller: readonly Node[]): Child =>
    words.around(path, { controller, policy: [policy] });
  if (isChanged(context)) {
    return [words.say("notice.changed"), said("notice.changed_intro", asking.has("") ? [site, ...placed] : placed)];
  }
  if (!asking.has("")) return [words.around("placed.alone", { names: placed }), said("placed.intro", [site])];
  const found = [words.say("notice.title"), said("notice.intro", [site])];
  // What they ask may lie below the edge of a small screen; that they do must not.
  return placed.length > 0 ? [...found, words.around("placed.beside", { names: placed })] : found;
}

const questions = ({ published, consent }: NoticeContext, words: Words): Child =>
  [...byCollector(consent.asks)].map(([collector, all]) =>
    collector
      ? askedHere(published, collector, all, words)
      : all.map((question) => {
          const found = published.policy.purposes[question.purpose];
          return found && purposeItem(found, question, words, noteOf(published, question.purpose, words));
        }),
  );

/** That the browser's opt-out was honoured, where it turns something off of what is asked about here (M22). */
export function signalLine(
  { published, signals }: NoticeContext,
  words: Words,
  names: readonly string[],
): HTMLElement | null {
  if (!signals.gpc) return null;
  const sells = names.filter((name) => published.sells.includes(name));
  const titles = sells.map((name) => isolated(titleOf(published, name, words)));
  const said = titles.length > 0 ? "notice.gpc" : "notice.gpc_plain";
  return el("p", { class: "askfirst-signal" }, words.say(said, { purposes: listed(words, titles) }));
}

/** What holds for everything the site asks itself; of a collector, its own part says it. */
function facts({ published: { policy, details }, consent }: NoticeContext, words: Words): HTMLElement {
  const asked = consent.asks.flatMap(({ purpose }) => (isOwn(purpose) ? (policy.purposes[purpose] ?? []) : []));
  const facts = [words.say("notice.withdraw", { control: words.say("control.title") })];
  if (asked[0]) {
    const kept = count(words, "days", Math.max(...asked.map(({ retention_days }) => retention_days)));
    facts.unshift(
      recipients(
        asked.flatMap((one) => one.recipients),
        words,
      ),
      words.say("notice.kept", { kept }),
      ...(consent.asks.some(({ purpose }) => isOwn(purpose) && details[purpose]?.[2]?.["user_id"])
        ? [words.say("notice.account")]
        : []),
    );
    const unasked = Object.entries(policy.purposes)
      .filter(([, { legal_basis }]) => legal_basis !== "consent")
      .map(([name, found]) => {
        const { title } = textOf(found, name, words.lang);
        return `${isolated(title)} (${words.say(`basis.${found.legal_basis}`)})`;
      });
    if (unasked[0]) facts.push(words.say("notice.unasked", { names: listed(words, unasked) }));
  }
  return el("p", { class: "askfirst-note" }, facts.join(" "));
}

function foot(context: NoticeContext, words: Words): HTMLElement {
  const { published, consent, state, base } = context;
  const asked = consent.asks.map((question) => question.purpose);
  const age = minimumAge(published, asked);
  let refusing = fields(context, words);
  let accepting = age ? { ...refusing, adult: "1" } : refusing;
  const set = (names: readonly string[], detail: string) =>
    Object.fromEntries(names.map((name) => [`purpose.${name}`, detail]));
  // Only what is asked is answered now; placed collectors are agreed to by name alone (M49).
  const named = state !== null || !asked.every(isOwn);
  if (named) accepting = { ...accepting, ...set(asked, "2") };
  // All that is granted has one detail.
  if (named && sharedDetail(state) === 1) accepting = { ...accepting, detail: "1" };
  if (state) refusing = { ...refusing, ...set(asked, "0") };
  const apart = age > 0 || named;
  const kind = asked.some(isOwn) && !isChanged(context) ? "" : "_changed";
  const [child, isChild] = tooYoung(context, words, age, "askfirst-child");
  const accept = words.say(`button.accept${kind}${age ? "_age" : ""}`, { age });
  return el(
    "div",
    { class: "askfirst-foot" },
    child, // ahead of its button: a browser sends what stands first
    form(
      base,
      "askfirst-answer",
      refusing,
      el(
        "div",
        { class: "askfirst-actions" },
        button(state ? "save" : "reject_all", words.say(`button.reject${kind}`)),
        button("accept_all", accept, apart ? "askfirst-accept" : undefined),
        isChild,
      ),
    ),
    apart && form(base, "askfirst-accept", accepting),
    el(
      "p",
      { class: "askfirst-links" },
      el("a", { href: withReturn(base, "choices"), "data-askfirst": "choices" }, words.say("button.choose")),
    ),
    problem(),
  );
}
