/** What stands in the place of an embed that waits: who would receive what, and how to load it. Loaded when one waits. */
import type { GatedContext } from "../../sdk/js/src/api.ts";
import { wait } from "../../sdk/js/src/busy.ts";
import { safely } from "../../sdk/js/src/safely.ts";
import { waitsFor } from "../../sdk/js/src/waits.ts";
import { always } from "./always.ts";
import { listed, recipient, textOf } from "./describe.ts";
import { type Child, el, own } from "./element.ts";
import { isolated, load, type Words } from "./words.ts";

/** What a host is known to show, by a sign that is drawn here: nothing is fetched for it. */
const POSTERS: readonly (readonly [RegExp, string])[] = [
  [/\b(youtu\.be|(youtube(-nocookie)?|vimeo|dailymotion|loom|wistia)\.\w+|twitch\.tv)$/, "M2 5h20v14H2zM10 9v6l5-3z"],
  [
    /\b(spotify|soundcloud|deezer|bandcamp|mixcloud)\.com$/,
    "M9 18V6l11-2v12M9 18a3 3 0 1 1-6 0 3 3 0 0 1 6 0zm11-2a3 3 0 1 1-6 0 3 3 0 0 1 6 0z",
  ],
  [
    /\b(google\.\w+|openstreetmap\.org|mapbox\.com)$/,
    "M12 21s7-6 7-11a7 7 0 1 0-14 0c0 5 7 11 7 11zm0-8a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  ],
  [/\b(x|twitter|instagram|facebook|tiktok)\.com$/, "M3 4h18v13H9l-5 4v-4H3z"],
];

let words: Promise<Words> | undefined;
let spoken = "";

/** Fills a place, or again in another language; `once` loads its element, and is no answer. */
export async function draw(
  context: GatedContext,
  element: HTMLElement,
  place: HTMLElement,
  once: () => void,
): Promise<void> {
  const { published, base } = context;
  if (spoken !== published.lang) words = load(base, published);
  spoken = published.lang;
  const said = (await words) as Words;
  if (spoken !== published.lang) return; // by now
  const focused = [...place.querySelectorAll("a,button")].indexOf(document.activeElement as Element);
  const { hostname, protocol, href } = sourceOf(element);
  const button = (label: string, act: () => unknown): HTMLElement => {
    const made = el("button", { type: "button" }, label);
    made.addEventListener("click", ({ isTrusted }) => {
      // A page's script may not load it for its visitor.
      if (!isTrusted || made.style.opacity) return;
      problem.remove();
      void safely(() => wait(made, act, () => place.append(problem)));
    });
    return made;
  };
  const problem = el("p", { role: "alert" }, said.say("notice.failed"));
  const titles = waitsFor(element).flatMap((name) => {
    const purpose = published.policy.purposes[name];
    return purpose ? isolated(textOf(purpose, name, said.lang).title) : [];
  });
  // "Always" says what it turns on.
  const label = [said.say("embed.always"), listed(said, titles)].filter(Boolean).join(": ");
  const path = POSTERS.find(([hosts]) => hosts.test(hostname))?.[1];
  place.lang = said.lang;
  place.dir = said.dir;
  place.replaceChildren(
    path ? sign(path) : "",
    el("p", {}, said.around("embed.receives", { names: recipientsOf(published, element, hostname, said) })),
    el(
      "div",
      {},
      button(said.say("embed.once"), once),
      " ",
      button(label, () => always(context, waitsFor(element), said.lang)),
    ),
    isPage(element) && /^https?:$/.test(protocol) ? el("a", { href, rel: "noreferrer" }, own(hostname)) : "",
  );
  look(element, place, path === POSTERS[0]?.[1]);
  place.querySelectorAll<HTMLElement>("a,button")[focused]?.focus();
}

/** Who would receive it: those of its purposes that have this host, else all of them, else the host itself. */
function recipientsOf({ policy }: GatedContext["published"], element: HTMLElement, host: string, said: Words): Child[] {
  const waits = waitsFor(element);
  const all = Object.entries(policy.purposes).flatMap(([purpose, { recipients }]) =>
    recipients.filter(({ name }) => waits.includes(purpose) || waits.includes(`service:${name}`)),
  );
  const here = all.filter(({ hosts = [] }) => hosts.some((each) => host === each || host.endsWith(`.${each}`)));
  const names = new Set((here[0] ? here : all).map((one) => recipient(one, said)));
  // Within what is said of them their names are isolated already, and the rest of it runs as our words do.
  return names.size > 0 ? [...names] : [own(host)];
}

/** Whether its address is one that can be gone to. */
const isPage = ({ tagName }: Element): boolean => !/^(IMG|TEMPLATE)$/.test(tagName);

function sourceOf(element: HTMLElement): URL {
  try {
    const inside = element instanceof HTMLTemplateElement ? element.content : element;
    const source = element.dataset["src"] ?? inside.querySelector<HTMLElement>("[src],[data-src]")?.getAttribute("src");
    return new URL(source ?? "", document.baseURI);
  } catch {
    return new URL(location.href);
  }
}

/** A sign of what it would be, drawn here. */
function sign(path: string): SVGElement {
  const made = (name: string, attributes: object): SVGElement => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const whole = {
    viewBox: "0 0 24 24",
    width: 44,
    height: 44,
    fill: "none",
    stroke: "currentColor",
    "aria-hidden": true,
  };
  const svg = made("svg", { ...whole, "stroke-width": 1.5 });
  svg.append(made("path", { d: path }));
  return svg;
}

/** As large as the element would be, so that nothing moves; by properties, which a policy for styles allows. */
function look(element: HTMLElement, place: HTMLElement, isVideo: boolean): void {
  const [width, height] = ["width", "height"].map((name) => {
    const value = element.getAttribute(name) ?? "";
    return /^\d+$/.test(value) ? `${value}px` : value; // or a share of what is around it
  });
  Object.assign(place.style, {
    boxSizing: "border-box",
    maxWidth: "100%",
    width,
    minHeight: height,
    aspectRatio: isVideo && !height ? "16/9" : "",
    padding: "1em",
    border: "1px solid",
    borderRadius: "8px",
    display: "grid",
    placeContent: "center",
    justifyItems: "center",
    gap: "0.75em",
    textAlign: "center",
  });
  const buttons = place.querySelector("div")?.style;
  const columns = "repeat(auto-fit,minmax(min(11em,100%),1fr))";
  Object.assign(buttons ?? {}, { display: "grid", gap: "0.5em", width: "100%", gridTemplateColumns: columns });
  for (const { style } of place.querySelectorAll("button")) {
    Object.assign(style, {
      font: "inherit",
      color: "inherit",
      background: "none",
      border: "1px solid",
      borderRadius: "8px",
      minHeight: "44px",
      padding: "0.3em 1em",
      cursor: "pointer",
    });
  }
}
