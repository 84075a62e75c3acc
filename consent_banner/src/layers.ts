/** What lies over the page: the notice comes when there is something to ask, and goes with the answer. */
import type { NoticeContext } from "../../sdk/js/src/api.ts";
import { file } from "../../sdk/js/src/file.ts";
import { safely } from "../../sdk/js/src/safely.ts";
import { el } from "./element.ts";
import { firstLayer } from "./first.ts";
import type { Words } from "./words.ts";

const STYLED = 3000; // milliseconds; after that a layer is shown as it is

let why = "";

const notice = (): HTMLElement | null => document.getElementById("askfirst-notice");

/** Draws what is to be asked, if anything; `sheet` is waited for, and by then `isLatest` may not hold any more. */
export async function ask(
  context: NoticeContext,
  words: Words,
  root: HTMLElement,
  sheet: Promise<void>,
  isLatest: () => boolean,
): Promise<void> {
  const old = notice();
  if (context.consent.asks.length === 0) {
    // The server may know of an edition that the browser's copy of the policy does not have yet: it knows better.
    const edition = Number(old?.dataset["askfirstEdition"] ?? 0);
    if (edition <= context.published.number) answered();
    else if (old) raise(old);
    return;
  }
  if (old && !isOlder(old, context)) {
    raise(old);
    return;
  }
  // Redrawn in place: the page, or the policy it was drawn from, was older than the site's.
  const made = firstLayer(context, words);
  await sheet;
  if (!isLatest()) return;
  // Shown while it is empty: the browser looks at an element's styles before it lifts it, and once is enough.
  const content = [...made.childNodes];
  made.textContent = "";
  if (old?.isConnected) old.replaceWith(made);
  else root.append(made);
  raise(made);
  made.append(...content);
  tell(made);
}

const isOlder = ({ dataset }: HTMLElement, { published }: NoticeContext): boolean =>
  !!why || Number(dataset["askfirstEdition"]) < published.number;

/** The next time the notice is drawn anew, and says why; or the choices, where nothing is to be asked. */
export const redraw = (said: string): void => {
  why = said;
};

export const isUnsaid = (): boolean => !!why;

function tell(layer: HTMLElement): void {
  const said = layer.querySelector(".askfirst-problem");
  if (said) said.textContent = why;
  why = "";
}

/**
 * Into the top layer, where no filter, transform or dialog of the site hides it; and its height to the page, so that it
 * lies on no focus and no last line.
 */
function raise(layer: HTMLElement): void {
  if (layer.popover) return;
  try {
    // Over a modal dialog of the site it would be seen, but nobody could press it: it comes when that one goes.
    const modal = document.querySelector("dialog:modal");
    if (modal) {
      modal.addEventListener("close", () => layer.isConnected && raise(layer), { once: true });
      return;
    }
    layer.popover = "manual";
    layer.showPopover();
  } catch {
    // A browser without: out of a body that may have a filter, which would hold it (a `fixed` one too).
    if (layer.parentElement?.parentElement === document.body) document.documentElement.append(layer.parentElement);
  }
  const { style } = document.documentElement;
  const measure = (): void => style.setProperty("--askfirst-height", `${layer.isConnected ? layer.offsetHeight : 0}px`);
  // After it is painted: the styles of the whole page are worked out anew by this.
  new ResizeObserver(() => setTimeout(measure)).observe(layer);
}

/** Takes the notice away; focus does not fall back to the top of the page with it. */
export function answered(): void {
  const old = notice();
  const had = old?.contains(document.activeElement);
  old?.remove();
  if (had) document.querySelector<HTMLElement>('[data-askfirst="choices"]')?.focus({ preventScroll: true });
}

/** Opens the choices; what they are made of is on its way while the words are. */
export async function open(context: NoticeContext, words: Promise<Words>, root: HTMLElement): Promise<void> {
  const sheet = styled(context.base, "askfirst.css", root);
  const part = safely((): Promise<typeof import("./choices.ts")> => import(file(context.base, "choices.js")));
  const found = speak(root, await words);
  const choices = await part;
  if (!choices) throw new Error("choices.js is missing");
  const made = await choices.dialog(context, found);
  await sheet;
  // One that was just closed is still there for a moment.
  if (root.querySelector("dialog[open]")) return;
  // Words of another day may be in another language than what stands beside it.
  made.lang = found.lang;
  made.dir = found.dir;
  root.append(made);
  tell(made);
  made.showModal();
}

/** Where it stands says what language it speaks. */
export function speak(root: HTMLElement, words: Words): Words {
  root.lang ||= words.lang;
  root.dir ||= words.dir;
  return words;
}

/** A style sheet in the page, once, whoever put it there; it is waited for, but not for ever. */
export async function styled(base: string, name: string, root: HTMLElement): Promise<void> {
  const href = file(base, name);
  const all = [...document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")];
  const link = all.find((one) => one.href === href) ?? el("link", { rel: "stylesheet", href });
  if (!link.isConnected) root.append(link);
  if ((link as HTMLLinkElement).sheet) return;
  // Not `Promise`, which a page may have redefined.
  const Native = safely(() => undefined).constructor as PromiseConstructor;
  await new Native((done) => {
    link.addEventListener("load", done);
    link.addEventListener("error", done);
    setTimeout(done, STYLED);
  });
}
