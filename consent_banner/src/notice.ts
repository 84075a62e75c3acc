/** What a visitor sees of askfirst when a script shows it: the notice, the preferences, the control. */
import type { NoticeContext } from "../../sdk/js/src/api.ts";
import { onClick, withdraw } from "./answer.ts";
import { el } from "./element.ts";
import { withReturn } from "./form.ts";
import { ask, isUnsaid, keeping, open, styled } from "./layers.ts";
import { load, loadAll, type Words } from "./words.ts";

export * from "./kit.ts";

let current: NoticeContext | undefined;
let words: Promise<Words> | undefined;
let said: Words | undefined; // the words once they are there
let all = false; // that is what the choices say too
let of = ""; // edition and language of the words: a site may have some of its own in each
let latest = 0;

/** Shows a layer, or brings the page up to date after a change. Throws nothing. */
export async function show(context: NoticeContext): Promise<void> {
  if (!current) addEventListener("click", answering);
  current = context;
  const turn = ++latest;
  const { layer, base, published } = context;
  try {
    const choosing = layer === "preferences";
    const root = document.querySelector<HTMLElement>(".askfirst") ?? place();
    const dialog = root.querySelector<HTMLDialogElement>("dialog[open]");
    const isWhole = choosing || !!dialog;
    if (!words || of !== published.hash + published.lang || (isWhole && !all)) words = begin(context, isWhole);
    if (layer === "withdraw") return withdraw(context, await words);
    const sheet = styled(base, "notice.css", root); // on its way while the words are
    const forget = (): void => {
      words = undefined;
    };
    if (choosing) return await open(context, words, root, forget);
    const found = await words;
    const kept = await keeping(context, dialog, found);
    if (turn !== latest) return;
    // Choices in another language than the page's by now: those who opened them find them as they are.
    const restore = dialog && kept?.(dialog);
    if (restore) dialog.close();
    await ask(context, found, root, sheet, () => turn === latest);
    if (restore) await open(context, words, root, forget, restore);
    if (isUnsaid() && !context.consent.asks[0]) await show({ ...context, layer: "preferences" });
  } catch {
    words = undefined;
    if (layer !== "first") location.assign(withReturn(base, "choices"));
  }
}

async function begin({ base, published, words: early }: NoticeContext, isWhole: boolean): Promise<Words> {
  of = published.hash + published.lang;
  all = isWhole;
  said = await (isWhole ? loadAll(base, published) : load(base, published, early));
  return said;
}

function answering(event: Event): void {
  try {
    if (current && said) onClick(event, current, said);
  } catch {
    // The button is a form's: the browser goes on with it.
  }
}

/** A place of ours at the end of the body. */
function place(): HTMLElement {
  const root = el("div", { class: "askfirst" });
  document.body.append(root);
  return root;
}
