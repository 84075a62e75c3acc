/** The way back to the choices is a link that works without a script; with one, it opens them in place. */
import { safely } from "./safely.ts";

export const LINK = '[data-askfirst="choices"]';

export function onChoices(show: () => Promise<boolean | undefined>): void {
  const onClick = async (event: MouseEvent): Promise<void> => {
    // Not `instanceof Element`: pages redefine that name.
    const target = event.target as Element | null;
    const link = target?.closest?.<HTMLAnchorElement>(LINK);
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!(await show()) && link.href) location.assign(link.href);
  };
  addEventListener("click", (event) => void safely(() => onClick(event)));
}
