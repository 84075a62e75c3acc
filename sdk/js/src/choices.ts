/** The way back to the choices is a link that works without a script; with one, it opens them in place. */
import type { Layer } from "./api.ts";
import { safely } from "./safely.ts";

export const LINK = '[data-askfirst="choices"]';
const WITHDRAW = "#askfirst-control button";

export function onChoices(show: (layer: Layer) => Promise<boolean | undefined>): void {
  const onClick = async (event: MouseEvent): Promise<void> => {
    // Not `instanceof Element`: pages redefine that name.
    const target = event.target as Element | null;
    const button = target?.closest?.<HTMLButtonElement>(WITHDRAW);
    // One in a form is the server's: it works by itself.
    if (button && !button.form) return void (await show("withdraw"));
    const link = target?.closest?.<HTMLAnchorElement>(LINK);
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!(await show("preferences")) && link.href) location.assign(link.href);
  };
  addEventListener("click", (event) => void safely(() => onClick(event)));
}
