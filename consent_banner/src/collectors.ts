/**
 * Placed collectors among the choices: who each is, and where it stands (as pages/placed_collectors.py). Loaded where a
 * site has some.
 */
import type { PlacedDocument, Published } from "../../sdk/js/src/api.ts";
import { type Child, el, isolated, listed, own, type Words } from "./kit.ts";

/** Every placed collector of the site, with what `purpose` makes of each of its purposes. */
export function section(published: Published, words: Words, purpose: (name: string) => Child): HTMLElement {
  const all = Object.values(published.placed ?? {});
  return part(
    "placed",
    "h3",
    words.say("placed.title"),
    el("p", {}, words.say("placed.why")),
    all.map((each) =>
      part(
        `placed-${each.collector}`,
        "h4",
        own(each.controller["name"] ?? ""),
        about(published, each, words),
        each.asked.map(purpose),
      ),
    ),
  );
}

const part = (name: string, heading: string, title: Child, ...body: Child[]): HTMLElement =>
  el(
    "section",
    { class: "askfirst-section", "aria-labelledby": `askfirst-${name}` },
    el(heading, { id: `askfirst-${name}` }, title),
    body,
  );

/** Who a collector is, and where it stands. */
function about(published: Published, placed: PlacedDocument, words: Words): HTMLElement {
  const { name, address, country, contact } = placed.controller;
  const who = [name, address, country].flatMap((line) => line || []);
  const pages = where(published, placed, words).map((each) => el("li", {}, each));
  const pairs: [string, Child][] = [
    ["policy.controller", own(listed(words, who))],
    ["placed.contact", own(contact ?? "")],
    ["placed.law", own(placed.jurisdiction)],
    ["placed.where", el("ul", { class: "askfirst-list" }, pages)],
  ];
  return el(
    "dl",
    { class: "askfirst-terms" },
    pairs.map(([path, value]) => el("div", {}, el("dt", {}, words.say(path)), el("dd", {}, value))),
  );
}

/** The pages a collector stands on, a phrase for each pattern. */
function where({ policy }: Published, { pages, origins }: PlacedDocument, words: Words): string[] {
  const said = pages.map((pattern) => {
    const path = pattern.replace(/\/\*\*$/, "");
    const kind = (path.includes("*") ? "like" : "page") + (path === pattern ? "" : "_below");
    const holes = { path: isolated(path.replaceAll("*", "…")) };
    return words.say(`placed.${kind === "page_below" ? "below" : kind}`, holes);
  });
  if (policy.origins.every((each) => origins.includes(each))) return said;
  return said.map((each) => words.say("placed.at", { pages: each, origins: listed(words, origins.map(isolated)) }));
}
