/** The way back to the choices, with the present choice in a word, on every page (M11): as pages/notice.py says it. */
import type { ConsentView, Published, State } from "./api.ts";

const ID = "askfirst-control";

const isOwn = (purpose: string): boolean => !purpose.includes("/");

/** Of placed collectors only those that were agreed to count: who was never asked need not read of them. */
function present(
  { asked, sells, control }: Published,
  { scopes }: ConsentView,
  state: State | null,
  gpc: boolean,
): string {
  const all = new Set([...asked.filter(isOwn), ...Object.keys(scopes)]);
  const on = Object.keys(scopes).length;
  const word = !state ? "unanswered" : !on ? "off" : on < all.size ? "some" : "on";
  return [
    `${control["title"]}: ${control[word]}`.replace("{on}", `${on}`).replace("{all}", `${all.size}`),
    on && state && Object.values(state.choices).includes(1) && control["less"],
    gpc && sells.some(isOwn) && control["gpc"],
  ]
    .filter(Boolean)
    .join(control["list"]);
}

/** What control.js exports: brings the control up to date, or makes one where the page wants it; what has focus in it stays. */
export function control(
  published: Published,
  consent: ConsentView,
  state: State | null,
  gpc: boolean,
  base: string,
): void {
  const { lang, control: words } = published;
  const place = document.getElementById(ID) ?? document.querySelector('[data-askfirst="control"]') ?? document.body;
  const section = place.id === ID ? place : add(place, "section", { id: ID, className: ID, lang, role: "status" });
  // Ahead of the notice's place, which keeps room for it at the end of the page.
  const root = document.querySelector("body>.askfirst");
  if (root && root === section.previousSibling) root.before(section);
  const { href } = new URL(`../choices?return_to=${location.pathname}`, base);
  const link = section.querySelector("a") ?? add(section, "a", { href });
  const text = present(published, consent, state, gpc);
  if (link.textContent !== text) link.textContent = text;
  link.dataset["askfirst"] = "choices";
  const button = section.querySelector("button");
  if (!state?.edition) (button?.form ?? button)?.remove();
  else if (!button) {
    section.append(" ");
    add(section, "button", { textContent: words["withdraw"], value: "withdraw" }).style.cssText =
      "all:revert;font:inherit;color:inherit;background:0;border:0;text-decoration:underline;cursor:pointer";
  }
}

const add = <Name extends "section" | "a" | "button">(
  place: Element,
  name: Name,
  properties: object,
): HTMLElementTagNameMap[Name] => place.appendChild(Object.assign(document.createElement(name), properties));
