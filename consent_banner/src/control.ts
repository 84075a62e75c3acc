/** The way to change or withdraw, with the present choice, kept up to date on this page (as gate/notice.py; M11). */
import type { NoticeContext } from "../../sdk/js/src/api.ts";
import { listed, sharedDetail } from "./describe.ts";
import { el } from "./element.ts";
import { button, fields, form, withReturn } from "./form.ts";
import { every, isOwn, titleOf } from "./placed.ts";
import { isolated, type Words } from "./words.ts";

/** Brings the control up to date, or makes one; what has focus in it stays where it is. */
export function control(context: NoticeContext, words: Words): HTMLElement {
  const { base, state } = context;
  const granted = Object.values(state?.choices ?? {}).some(Boolean);
  const section = document.getElementById("askfirst-control") ?? empty(base, words);
  const status = section.querySelector(".askfirst-present");
  const text = present(context, words);
  if (status && status.textContent !== text) status.textContent = text;
  const more = section.querySelectorAll("form, a:not([data-askfirst])");
  if (!granted) {
    for (const each of more) each.remove();
  } else if (more.length === 0) {
    const withdraw = button("withdraw", words.say("button.withdraw"), undefined, "askfirst-quiet");
    section.append(
      form(base, "askfirst-withdraw", fields(context, words), withdraw),
      el("a", { href: withReturn(base, "rights/me") }, words.say("control.mine")),
    );
  }
  return section;
}

const empty = (base: string, words: Words): HTMLElement =>
  el(
    "section",
    { id: "askfirst-control", class: "askfirst-control", "aria-label": words.say("control.title") },
    el("a", { href: withReturn(base, "choices"), "data-askfirst": "choices" }, words.say("control.title")),
    el("span", { class: "askfirst-present", role: "status" }),
  );

/**
 * The present choice in one line, as the signals of this browser leave it. Of placed collectors only those that were
 * agreed to: who was never asked need not read of them.
 */
function present({ published, consent, state, signals }: NoticeContext, words: Words): string {
  const said = summary();
  const optedOut = signals.gpc && published.sells.some(isOwn);
  return optedOut ? `${said} (${words.say("control.gpc")})` : said;

  function summary(): string {
    if (!state) return words.say("control.unanswered");
    const now = every(published)
      .filter((name) => isOwn(name) || name in consent.scopes)
      .map((name) => [name, name in consent.scopes ? sharedDetail(state) : 0] as const);
    if (!now.some(([, detail]) => detail)) return words.say("control.refused");
    const parts = now.map(([name, detail]) => {
      const title = isolated(titleOf(published, name, words));
      return words.say("control.purpose", { title, detail: words.say(`detail.${detail}`) });
    });
    return listed(words, parts);
  }
}
