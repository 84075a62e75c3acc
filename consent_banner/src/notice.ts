/** What a visitor sees of askfirst when a script shows it: the notice, the preferences, the control. */
import type { NoticeContext } from "../../sdk/js/src/api.ts";
import { onClick, withdraw } from "./answer.ts";
import { el } from "./element.ts";
import { withReturn } from "./form.ts";
import { ask, open, styled } from "./layers.ts";
import { load, type Words } from "./words.ts";

let current: NoticeContext;
let words: Promise<Words> | undefined;
let latest = 0;

/** Shows a layer, or brings the page up to date after a change. Throws nothing. */
export function show(context: NoticeContext): void {
  current = context;
  void lay(context, ++latest);
}

async function lay(context: NoticeContext, turn: number): Promise<void> {
  const { layer, base } = context;
  try {
    words ??= begin(context);
    const said = await words;
    if (layer === "withdraw") return withdraw(context, said);
    const root = await place(context, said);
    if (layer === "preferences") await open(context, said, root);
    else if (turn === latest) ask(context, said, root);
  } catch {
    words = undefined;
    if (layer !== "first") location.assign(withReturn(base, "choices"));
  }
}

async function begin({ base, published }: NoticeContext): Promise<Words> {
  const found = await load(base, published);
  addEventListener("click", (event) => {
    try {
      onClick(event, current, found);
    } catch {
      // The button is a form's: the browser goes on with it.
    }
  });
  return found;
}

/** Our place in the page: the server's, or one at the end of the body. */
async function place({ base }: NoticeContext, { lang, dir }: Words): Promise<HTMLElement> {
  const found = document.querySelector<HTMLElement>(".askfirst");
  if (found) return found;
  const root = el("div", { class: "askfirst", lang, dir });
  document.body.append(root);
  await styled(base, "notice.css", root);
  return root;
}
