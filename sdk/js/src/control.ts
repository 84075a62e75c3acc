/** The way back to the choices, with the present choice in a word, on every page (M11): as pages/notice.py says it. */
import type { ConsentView, Layer, Published, State } from "./api.ts";
import { busy } from "./busy.ts";

const ID = "askfirst-control";

const isOwn = (purpose: string): boolean => !purpose.includes("/");

const PATIENCE = 4000; // milliseconds

let act: (layer?: Layer) => unknown;
let words: Published["control"];

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

/** Ahead of the gate: it says that it waits, and after a while that nothing comes; from then on a link leads to the server's page. */
async function onClick(event: MouseEvent): Promise<void> {
  const target = event.target as Element | null;
  // A button in a form is the server's: it works by itself.
  const pressed = target?.closest?.<HTMLButtonElement & HTMLAnchorElement>(`#${ID} [data-askfirst],#${ID}>button`);
  if (!pressed || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  busy(pressed, true);
  setTimeout(() => {
    if (!pressed.style.opacity) return;
    say(pressed, words["failed"]);
    delete pressed.dataset["askfirst"];
    busy(pressed, false);
  }, PATIENCE);
  // The button's value says which layer; a link has none. Where our files are not there, and it was not said yet, it leads on.
  if (!(await act(pressed.value as Layer)) && pressed.dataset["askfirst"]) location.assign(pressed.href);
  busy(pressed, false);
}

/** What control.js exports: brings the control up to date, or makes one where the page wants it; what has focus in it stays. */
export function control(
  published: Published,
  consent: ConsentView,
  state: State | null,
  gpc: boolean,
  base: string,
  choose: (layer?: Layer) => unknown,
): void {
  // A router may put a copy of the button in its place.
  if (!act) addEventListener("click", onClick, true);
  act = choose;
  words = published.control;
  const place = document.getElementById(ID) ?? document.querySelector('[data-askfirst="control"]') ?? document.body;
  const section = place.id === ID ? place : add(place, "section", { id: ID, className: ID, role: "status" });
  section.lang = published.lang;
  // Ahead of the notice's place, which keeps room for it at the end of the page.
  const root = document.querySelector("body>.askfirst");
  if (root && root === section.previousSibling) root.before(section);
  const { href } = new URL(`../choices?return_to=${location.pathname}`, base);
  const link = section.querySelector("a") ?? add(section, "a", { href });
  say(link, present(published, consent, state, gpc));
  link.dataset["askfirst"] = "choices";
  let button = section.querySelector("button");
  if (!state?.edition) (button?.form ?? button)?.remove();
  else {
    if (!button) {
      section.append(" ");
      button = add(section, "button", { value: "withdraw" });
      button.style.cssText = "all:unset;outline:revert;text-decoration:underline;cursor:pointer";
    }
    say(button, words["withdraw"]);
  }
}

const say = (element: Element, text?: string): void => {
  if (element.textContent !== text) element.textContent = text as string;
};

const add = <Name extends "section" | "a" | "button">(
  place: Element,
  name: Name,
  properties: object,
): HTMLElementTagNameMap[Name] => place.appendChild(Object.assign(document.createElement(name), properties));
