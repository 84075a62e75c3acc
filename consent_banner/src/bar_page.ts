/** What the bar sees of the page itself: who was asked for what, what waits and why, and the present answer. */
import type { ConsentView, Published } from "../../sdk/js/src/api.ts";
import { matches } from "../../sdk/js/src/globs.ts";
import { signals } from "../../sdk/js/src/signals.ts";
import { holds, waitsFor } from "../../sdk/js/src/waits.ts";
import { el } from "./element.ts";

/** One line of a list: what it is about, what is to be said of it, and whether it wants looking at. */
export interface Row {
  readonly name: string;
  readonly text: string;
  readonly bad: boolean;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
const WAITS = ":is([data-purpose],[data-category],[data-service])";
const ELEMENTS = ["script", "iframe", "img", "video", "audio", "template"].map((name) => name + WAITS).join();

/** The hosts of others that the page asked: `grantedAt` in milliseconds of its life. */
export function strangers(published: Published, consent: ConsentView, grantedAt: number): Row[] {
  const rows = new Map<string, Row>();
  for (const entry of performance.getEntriesByType("resource") as PerformanceResourceTiming[]) {
    const { protocol, hostname } = new URL(entry.name, location.href);
    if (!/^(https?|wss?):$/.test(protocol) || hostname === location.hostname || LOOPBACK.test(hostname)) continue;
    const early = entry.startTime < grantedAt;
    const purpose = purposeOf(published, consent, hostname);
    const text = early
      ? `asked before anything was agreed to (${entry.initiatorType})`
      : purpose
        ? `asked for ${purpose}`
        : `asked (${entry.initiatorType}), and no recipient that was agreed to has this host`;
    const bad = early || !purpose;
    if (bad || !rows.get(hostname)?.bad) rows.set(hostname, { name: hostname, text, bad });
  }
  return [...rows.values()];
}

/** The purpose that was agreed to and has a recipient with this host. */
const purposeOf = ({ policy }: Published, { scopes }: ConsentView, host: string): string | undefined =>
  Object.keys(scopes).find((purpose) =>
    policy.purposes[purpose]?.recipients.some(({ hosts = [] }) => matches(host, hosts)),
  );

/** The elements of the page that wait, and why; those that look as if they did, and do not. */
export function scripts(published: Published, consent: ConsentView): Row[] {
  const own = document.querySelector<HTMLScriptElement>('script[src*="/askfirst/static/askfirst.js"]')?.nonce;
  return [...document.querySelectorAll<HTMLElement>(ELEMENTS)].map(element).concat(lines(published));

  function element(element: HTMLElement): Row {
    const name = nameOf(element);
    const row = (text: string, bad = false): Row => ({ name, text, bad });
    if (element.matches('script:not([type="text/plain"])')) return row('runs at once: write type="text/plain"', true);
    if (element.matches("iframe[src],img[src],video[src],audio[src]") && !element.dataset["src"])
      return row("is loaded at once: write data-src", true);
    const names = waitsFor(element);
    if (!names[0]) return row("names no purpose, so it waits for ever", true);
    const missing = names.filter((one) => !holds(published, consent, one));
    const unknown = missing.filter((one) => !isKnown(published, one));
    if (unknown[0]) return row(`waits for ever: the policy has no ${unknown.join(", ")}`, true);
    if (missing[0]) return row(`waits for ${missing.map((one) => `${one} (${stateOf(consent, one)})`).join(", ")}`);
    if (own && element.localName === "script" && element.nonce !== own)
      return row("waits for ever: it has not the nonce of askfirst.js", true);
    return row(`runs: ${names.join(", ")}`);
  }
}

/** What the lines for the tags of others (consent-mode.js, gpp.js) name, and no purpose is called. */
const lines = ({ policy }: Published): Row[] =>
  [...document.querySelectorAll<HTMLElement>('script[src*="/askfirst/static/"]')].flatMap((line) =>
    ["analytics", "ads", "preferences"].flatMap((group) =>
      (line.dataset[group] ?? "")
        .split(" ")
        .filter((name) => name && !Object.hasOwn(policy.purposes, name))
        .map((name) => ({
          name: nameOf(line),
          text: `stays denied: the policy has no ${name} (data-${group})`,
          bad: true,
        })),
    ),
  );

function isKnown({ policy }: Published, name: string): boolean {
  const [purpose, service] = [name.replace(/^!/, ""), name.replace(/^service:/, "")];
  return Object.entries(policy.purposes).some(
    ([own, { recipients }]) => own === purpose || recipients.some((one) => name !== service && one.name === service),
  );
}

function stateOf({ scopes, asks }: ConsentView, name: string): string {
  if (name.startsWith("service:")) return "nothing it receives for is agreed to";
  const question = asks.find(({ purpose }) => purpose === name.replace(/^!/, ""));
  if (question) return question.widened[0] ? "to be asked again" : "not answered yet";
  if (Object.hasOwn(scopes, name.replace(/^!/, ""))) return "agreed to";
  return signals().gpc ? "refused, or turned off by GPC" : "refused";
}

function nameOf(element: HTMLElement): string {
  const address = element.getAttribute("src") || element.dataset["src"];
  if (address) return `${element.localName} ${address}`;
  const text = element.textContent?.trim().replace(/\s+/g, " ").slice(0, 40);
  return `${element.localName} ${text ? `“${text}”` : "without an address"}`;
}

/** The rows as a list. */
export const hosts = (rows: readonly Row[]): Node[] =>
  rows[0]
    ? [
        el(
          "ul",
          {},
          rows.map(({ name, text, bad }) => el("li", { class: bad ? "bad" : "" }, el("strong", {}, name), ` ${text}`)),
        ),
      ]
    : [el("p", {}, "None.")];

/** What holds now, purpose by purpose, and why. */
export function answer(published: Published, consent: ConsentView): Node {
  const names = [...new Set([...published.asked, ...Object.keys(consent.scopes)])];
  const { gpc, dnt } = signals();
  const sent = [gpc && "Global Privacy Control", dnt && "Do Not Track"].filter(Boolean).join(", ");
  const sources = { visitor: "an answer", gpc: "Global Privacy Control", dnt: "Do Not Track", none: "no answer yet" };
  const rows: [string, string][] = [
    ["edition", `${published.number}`],
    ["decided by", sources[consent.source]],
    ["signals", sent || "none"],
    ...names.map((name): [string, string] => [
      name,
      Object.hasOwn(consent.scopes, name) ? "allowed" : stateOf(consent, name),
    ]),
  ];
  return el(
    "dl",
    {},
    rows.map(([term, text]) => [el("dt", {}, term), el("dd", {}, text)]),
  );
}
