/** What a visitor sees of askfirst when a script shows it: the notice, the preferences, the control. */
import type { NoticeContext } from "../../sdk/js/src/api.ts";
import { onClick, withdraw } from "./answer.ts";
import { el } from "./element.ts";
import { withReturn } from "./form.ts";
import { ask, open, styled } from "./layers.ts";
import { load, type Words } from "./words.ts";

export * from "./kit.ts";

let current: NoticeContext;
let words: Promise<Words> | undefined;
let sheet: Promise<void> | undefined; // of a place that we made
let latest = 0;

/** Shows a layer, or brings the page up to date after a change. Throws nothing. */
export async function show(context: NoticeContext): Promise<void> {
  current = context;
  const turn = ++latest;
  const { layer, base } = context;
  try {
    words ??= begin(context);
    if (layer === "withdraw") return withdraw(context, await words);
    const root = document.querySelector<HTMLElement>(".askfirst") ?? place(base);
    const said = await words;
    root.lang ||= said.lang;
    root.dir ||= said.dir;
    if (layer === "preferences") await open(context, said, root);
    else if (turn === latest) await ask(context, said, root, sheet, () => turn === latest);
  } catch {
    words = undefined;
    if (layer !== "first") location.assign(withReturn(base, "choices"));
  }
}

async function begin(context: NoticeContext): Promise<Words> {
  const found = await load(context.base, context.published, context.words);
  addEventListener("click", (event) => {
    try {
      onClick(event, current, found);
    } catch {
      // The button is a form's: the browser goes on with it.
    }
  });
  return found;
}

/** A place of ours at the end of the body; its styles are on their way while the words are. */
function place(base: string): HTMLElement {
  const root = el("div", { class: "askfirst" });
  document.body.append(root);
  sheet = styled(base, "notice.css", root);
  return root;
}
