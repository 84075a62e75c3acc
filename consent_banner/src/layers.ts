/** What lies over the page: the notice comes when there is something to ask, and goes with the answer. */
import type { NoticeContext } from "../../sdk/js/src/api.ts";
import { wait } from "../../sdk/js/src/busy.ts";
import { LINK } from "../../sdk/js/src/choices.ts";
import { file } from "../../sdk/js/src/file.ts";
import { safely } from "../../sdk/js/src/safely.ts";
import { el } from "./element.ts";
import { firstLayer } from "./first.ts";
import { withReturn } from "./form.ts";
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
  // What the server drew is in the language that the page had then.
  if (old) old.dataset["askfirstLang"] ??= words.lang;
  if (old && !isOlder(old, context, words)) {
    raise(old);
    return;
  }
  // Redrawn in place: the page, or the policy it was drawn from, was older than the site's, or is in another language.
  const made = spoken(firstLayer(context, words), words);
  const kept = await keeping(context, old, words);
  await sheet;
  if (!isLatest()) return;
  const restore = old && kept?.(old);
  // Shown while it is empty: the browser looks at an element's styles before it lifts it, and once is enough.
  const content = [...made.childNodes];
  made.textContent = "";
  if (old?.isConnected) old.replaceWith(made);
  else root.append(made);
  raise(made);
  made.append(...content);
  restore?.(made);
  tell(made);
}

/** What keeps the state of a layer that is drawn anew in another language: loaded then alone. */
export async function keeping(
  { base }: NoticeContext,
  old: HTMLElement | null | undefined,
  { lang }: Words,
): Promise<typeof import("./kept.ts").kept | undefined> {
  if (!old || old.dataset["askfirstLang"] === lang) return;
  const part = await safely((): Promise<typeof import("./kept.ts")> => import(file(base, "kept.js")));
  return part?.kept;
}

const isOlder = ({ dataset }: HTMLElement, { published }: NoticeContext, { lang }: Words): boolean =>
  !!why || Number(dataset["askfirstEdition"]) < published.number || dataset["askfirstLang"] !== lang;

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

let lost: HTMLElement | undefined; // where it was said that they do not come
let tries = ""; // what is never answered is asked for by another address the next time

/** Opens the choices; `forget` is called where they do not come. What they are made of is on its way while the words are. */
export async function open(
  context: NoticeContext,
  words: Promise<Words>,
  root: HTMLElement,
  forget: () => void,
  restore?: (made: Element) => void,
): Promise<void> {
  const pressed =
    document.activeElement?.closest<HTMLElement>(`${LINK}:not(#askfirst-control *)`) ??
    notice()?.querySelector<HTMLElement>(LINK);
  lost?.replaceChildren();
  let isLate = false;
  const act = async (): Promise<void> => {
    // What comes late, or fails late, opens nothing by itself; and one that was just closed is still there for a moment.
    const made = await safely(() => draw(context, words, root));
    if (isLate || root.querySelector("dialog[open]")) return;
    if (!made) throw new Error("the choices cannot be drawn");
    root.append(made);
    tell(made);
    made.showModal();
    restore?.(made);
  };
  await wait(pressed ?? el("i"), act, () => {
    isLate = true;
    tries += "&";
    forget();
    late(context, pressed);
  });
}

async function draw(context: NoticeContext, words: Promise<Words>, root: HTMLElement): Promise<HTMLDialogElement> {
  const sheet = styled(context.base, "askfirst.css", root);
  const part = safely((): Promise<typeof import("./choices.ts")> => import(file(context.base, "choices.js") + tries));
  const found = await words;
  const choices = await part;
  if (!choices) throw new Error("choices.js is missing");
  const made = await choices.dialog(context, found);
  await sheet;
  return spoken(made, found);
}

/** Says that they cannot be shown now, and where else they are: the answers of the notice work without them. */
function late({ base, published: { control } }: NoticeContext, pressed?: Element | null): void {
  lost = notice()?.querySelector<HTMLElement>(".askfirst-problem") ?? lost ?? el("span", { role: "alert" });
  if (!lost.isConnected) pressed?.after(" ", lost);
  lost.append(control["failed"] ?? "", " ", el("a", { href: withReturn(base, "choices") }, control["title"]));
}

/** Words of another day may be in another language than what stands beside it. */
function spoken<Layer extends HTMLElement>(made: Layer, { lang, dir }: Words): Layer {
  made.dataset["askfirstLang"] = lang;
  return Object.assign(made, { lang, dir });
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
