/** What lies over the page: the notice comes when there is something to ask, and goes with the answer. */
import type { NoticeContext } from "../../sdk/js/src/api.ts";
import { dialog } from "./choices.ts";
import { firstLayer } from "./first.ts";
import type { Words } from "./words.ts";

const notice = (): HTMLElement | null => document.getElementById("askfirst-notice");

export function ask(context: NoticeContext, words: Words, root: HTMLElement): void {
  const old = notice();
  if (context.consent.asks.length > 0) {
    if (!old) root.append(firstLayer(context, words));
    return;
  }
  // The server may know of an edition that the browser's copy of the policy does not have yet: it knows better.
  const edition = Number(old?.dataset["askfirstEdition"] ?? 0);
  if (edition <= context.published.number) answered();
}

/** Takes the notice away; focus does not fall back to the top of the page with it. */
export function answered(): void {
  const old = notice();
  const had = old?.contains(document.activeElement);
  old?.remove();
  if (had) document.querySelector<HTMLElement>(".askfirst [data-askfirst]")?.focus({ preventScroll: true });
}

export function open(context: NoticeContext, words: Words, root: HTMLElement): void {
  if (root.querySelector("dialog")) return;
  const made = dialog(context, words);
  root.append(made);
  made.showModal();
}
