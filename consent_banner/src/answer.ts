/** Sends what a form of ours says by script, so that the page stays; where that cannot be, the form goes by itself. */
import type { NoticeContext } from "../../sdk/js/src/api.ts";
import { answered } from "./layers.ts";
import type { Words } from "./words.ts";

const PATIENCE = 8000; // milliseconds
const { fetch } = window;

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
  const button = event.target instanceof Element ? event.target.closest("button[name=method]") : null;
  if (!(button instanceof HTMLButtonElement) || !button.form || !button.closest(".askfirst")) return;
  const answer = read(button.form, button.value);
  const grants = answer.method === "accept_all" || Object.values(answer.choices ?? {}).some(Boolean);
  // A page's script may refuse for its visitor, never agree (M47).
  if (busy || (grants && !event.isTrusted)) {
    event.preventDefault();
    return;
  }
  if (plain || (answer.method === "save" && !button.form.checkValidity())) return;
  const sent = send(new URL("../consent", context.base).href, answer);
  if (!sent) return;
  event.preventDefault();
  busy = true;
  void settle(sent, button, context, words);
}

/** The fields of a form as the contract's JSON. */
export function read(form: HTMLFormElement, method: string): Answer {
  const data = new FormData(form);
  const choices: Record<string, number> = {};
  const most = Number(data.get("detail") ?? 2);
  for (const [name, value] of data) {
    if (name.startsWith("purpose.")) choices[name.slice(8)] = Math.min(Number(value), most);
  }
  const answer: Answer = { v: 2, edition: String(data.get("edition")), lang: String(data.get("lang")), method };
  if (method === "save" || Object.keys(choices).length > 0) answer.choices = choices;
  if (data.has("adult")) answer.adult = true;
  return answer;
}

function send(url: string, answer: Answer): Promise<Response> | undefined {
  try {
    return fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(answer),
    });
  } catch {
    return undefined;
  }
}

async function settle(sent: Promise<Response>, button: HTMLButtonElement, context: NoticeContext, words: Words) {
  // A page may have made a `fetch` that never answers; what a page redefines of Promise, `await` does not look at.
  const timer = setTimeout(() => fail(button, "", words), PATIENCE);
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
    button.closest("dialog")?.close();
    answered();
  } else fail(button, reason, words);
  context.answered();
}

function fail(button: HTMLButtonElement, reason: string, words: Words): void {
  busy = false;
  plain = true;
  const said = button.closest("section, dialog")?.querySelector(".askfirst-problem");
  if (said) {
    said.textContent = words.say(words.has(`problem.${reason}`) ? `problem.${reason}` : "notice.failed");
    said.scrollIntoView({ block: "nearest" });
  } else button.click();
}
