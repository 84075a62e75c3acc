/** What a visitor sees of askfirst when a script shows it: the notice, the preferences, the control. */
import type { NoticeContext } from "../../sdk/js/src/api.ts";
import { onClick } from "./answer.ts";
import { control } from "./control.ts";
import { el } from "./element.ts";
import { withReturn } from "./form.ts";
import { ask, open } from "./layers.ts";
import { load, type Words } from "./words.ts";

const STYLED = 3000; // milliseconds to wait for the styles; after that the notice is shown as it is

let current: NoticeContext;
let words: Promise<Words> | undefined;
let latest = 0;

/** Shows a layer, or brings the page up to date after a change. Throws nothing. */
export function show(context: NoticeContext): void {
  current = context;
  void lay(context, ++latest);
}

async function lay(context: NoticeContext, turn: number): Promise<void> {
  try {
    words ??= begin(context);
    const said = await words;
    const root = await place(context, said);
    if (context.layer === "preferences") open(context, said, root);
    else if (turn === latest) ask(context, said, root);
  } catch {
    words = undefined;
    if (context.layer === "preferences") location.assign(withReturn(context.base, "choices"));
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

/** Our place in the page, with the control in it: the server's, or one at the end of the body. */
async function place(context: NoticeContext, said: Words): Promise<HTMLElement> {
  const bar = control(context, said);
  const found = bar.closest<HTMLElement>(".askfirst");
  if (found) return found;
  const styles = el("link", { rel: "stylesheet", href: `${context.base}askfirst.css` });
  const root = el("div", { class: "askfirst", lang: said.lang, dir: said.dir }, styles);
  document.body.append(root);
  await new Promise((done) => {
    for (const event of ["load", "error"]) styles.addEventListener(event, done);
    setTimeout(done, STYLED);
  });
  root.append(bar);
  return root;
}
