/** Sends what a form of ours says by script, so that the page stays; where that cannot be, the form goes by itself. */
import type { NoticeContext } from "../../sdk/js/src/api.ts";
import { busy as mark } from "../../sdk/js/src/busy.ts";
import { json } from "../../sdk/js/src/json.ts";
import { cookies, writeCookie } from "../../sdk/js/src/native.ts";
import { withReturn } from "./form.ts";
import { answered, redraw } from "./layers.ts";
import type { Words } from "./words.ts";

// Milliseconds: a withdrawal behind a relay waits for what is on its way to a collector that hangs.
const PATIENCE = 13000;

interface Answer {
  v: 2;
  edition: string;
  lang: string;
  method: string;
  choices?: Record<string, number>;
  adult?: true;
}

let busy = false;
let plain = false; // after a failure the next answer goes as a form: the server's page can say more

/** Acts on a click on one of our buttons; to be called before anything else waits. */
export function onClick(event: Event, context: NoticeContext, words: Words): void {
  const target = event.target as Element | null; // no `instanceof`: pages redefine these names
  const button = target?.closest?.<HTMLButtonElement>("button[name=method]");
  if (!button?.form || !button.closest(".askfirst")) return;
  const answer = read(button.form, button.value);
  const grants = answer.method === "accept_all" || Object.values(answer.choices ?? {}).some(Boolean);
  // A page's script may refuse for its visitor, never agree (M47).
  if (busy || (grants && !event.isTrusted)) {
    event.preventDefault();
    return;
  }
  if (!keeps()) {
    event.preventDefault();
    fail(button, "not-kept", words);
    return;
  }
  // Erasing is no answer: the site has a page for it, a collector elsewhere is asked by us.
  if (
    plain ||
    (answer.method === "erase" && context.route.forms) ||
    (answer.method === "save" && !button.form.checkValidity())
  )
    return;
  if (isSent(answer, button, context, words)) event.preventDefault();
}

/** Whether an answer can stay here; where no cookie does, it would be asked for, and recorded, on every page. */
function keeps(): boolean {
  const probe = "__Host-askfirst-probe=1";
  const rest = "; Secure; Path=/; SameSite=Lax";
  try {
    writeCookie(probe + rest);
    const kept = cookies().includes(probe);
    if (kept) writeCookie(`${probe + rest}; Max-Age=0`);
    return kept;
  } catch {
    return true; // it cannot be tried: the site's answer may still set one
  }
}

/** Takes everything back, for a control without a form; where that fails, the page of choices can say more. */
export function withdraw(context: NoticeContext, words: Words): void {
  const answer: Answer = { v: 2, edition: context.published.hash, lang: words.lang, method: "withdraw" };
  if (!busy) isSent(answer, undefined, context, words);
}

/** The fields of a form as the contract's JSON. */
export function read(form: HTMLFormElement, method: string): Answer {
  const data = new FormData(form);
  const choices: Record<string, number> = {};
  const most = Number(data.get("detail") ?? 2);
  for (const name of String(data.get("off") ?? "")
    .split(" ")
    .filter(Boolean))
    choices[name] = 0;
  for (const [name, value] of data) {
    if (name.startsWith("purpose.")) choices[name.slice(8)] = Math.min(Number(value), most);
  }
  const answer: Answer = {
    v: 2,
    edition: String(data.get("edition")),
    lang: String(data.get("lang")),
    method: data.has("erase") ? "erase" : method,
  };
  if (method === "save" || Object.keys(choices).length > 0) answer.choices = choices;
  if (data.has("adult")) answer.adult = true;
  return answer;
}

/** Whether it is under way; where the page broke `fetch` it is not, and the form goes by itself. */
function isSent(answer: Answer, button: HTMLButtonElement | undefined, context: NoticeContext, words: Words): boolean {
  try {
    const sent = context.route.send("consent", json(answer));
    busy = true;
    void settle(sent, button, context, words);
    return true;
  } catch {
    return false;
  }
}

async function settle(
  sent: Promise<Response>,
  button: HTMLButtonElement | undefined,
  context: NoticeContext,
  words: Words,
): Promise<void> {
  // A page may have made a `fetch` that never answers; what a page redefines of Promise, `await` does not look at.
  const failed = (reason: string): void =>
    button ? fail(button, reason, words, context.route.forms) : location.assign(withReturn(context.base, "choices"));
  if (button) mark(button, true);
  const timer = setTimeout(() => failed(""), PATIENCE);
  let reason: string | undefined = "";
  try {
    const response = await sent;
    reason = response.ok ? undefined : (await response.json()).reason;
  } catch {
    // The network, or a page that broke what we use: nothing was recorded as far as we know.
  }
  clearTimeout(timer);
  if (reason === undefined) {
    busy = false;
    if (button) mark(button, false);
    button?.closest("dialog")?.close();
    answered();
  } else failed(reason);
  context.answered(reason === "edition-changed");
}

function fail(button: HTMLButtonElement, reason: string, words: Words, forms = true): void {
  busy = false;
  mark(button, false);
  if (reason === "edition-changed") {
    button.closest("dialog")?.close();
    redraw(words.say(`problem.${reason}`));
    return;
  }
  plain = forms && reason !== "not-kept";
  const said = button.closest("section, dialog")?.querySelector(".askfirst-problem");
  if (said) {
    said.textContent = words.say(words.has(`problem.${reason}`) ? `problem.${reason}` : "notice.failed");
    said.scrollIntoView({ block: "nearest" });
  } else if (forms) button.click();
}
