/**
 * "What is kept about me" on a site without a server of ours: the page asks the collector with the receipt that lies in
 * this browser, and shows what pages/rights.py shows elsewhere. The page names site and collector.
 */
import type { Askfirst, Published, Recipient } from "../../sdk/js/src/api.ts";
import { ahead } from "../../sdk/js/src/clock.ts";
import { expiresAt, readKept, setState, writeKept } from "../../sdk/js/src/receipt.ts";
import { day, precision, recipient } from "./describe.ts";
import { type Child, el, own } from "./element.ts";
import { loadAll, type Words } from "./words.ts";

interface Entry {
  readonly status: string;
  readonly until?: string;
  readonly hour?: string;
  readonly choices: Readonly<Record<string, { readonly detail: number; readonly edition: number }>>;
}

interface Row {
  readonly purpose: string;
  readonly type: string;
  readonly period: string;
  readonly values: Readonly<Record<string, readonly string[] | string>>;
}

interface Holdings {
  readonly record: Entry | null;
  readonly receipt: string | null;
  readonly history: readonly Entry[];
  readonly rows: readonly Row[];
  readonly deliveries?: readonly Delivery[];
}

interface Delivery {
  readonly hour: string;
  readonly purpose: string;
  readonly what: string;
  readonly recipient: Recipient;
}

type Purposes = Published["policy"]["purposes"];

const MOST = 500; // rows that are shown; the file has them all

const place = document.querySelector<HTMLElement>("[data-askfirst-rights]");
const { askfirstRights: site = "", collector = "", suffix = "" } = place?.dataset ?? {};
const base = new URL(".", import.meta.url).href;
let skew = 0; // of the site's clock, milliseconds

const ask = (action: string, secret: string, method = "POST"): Promise<Response> =>
  fetch(`${collector}/v1/rights/${action}`, { method, headers: { Authorization: `Receipt ${secret}` } });

async function begin(): Promise<void> {
  // The page of choices has nothing to show but them. Where they cannot be shown it is opened again, by itself: once.
  if (!place) {
    const lost = document.getElementById("askfirst-lost");
    const from = new URLSearchParams(location.search).get("return_to") ?? "";
    if (!lost || !from.startsWith(location.pathname))
      return (window as Window & { askfirst?: Askfirst }).askfirst?.show();
    lost.hidden = false;
    return;
  }
  const ours = await loadAll(base, { lang: document.documentElement.lang });
  const { secret } = readKept(suffix) ?? {};
  const response = secret ? await ask("me", secret, "GET") : undefined;
  if (response && !response.ok) return show(ours, el("p", { role: "alert" }, ours.say("problem.collector-away")));
  const holdings: Holdings | undefined = await response?.json();
  if (!secret || !holdings?.record) {
    return show(ours, section("none", ours, el("p", {}, ours.say("rights.none_why"))));
  }
  const { record, receipt, rows } = holdings;
  const published = await readPublished();
  const words = await loadAll(base, published);
  const { purposes } = published.policy;
  const until = words.say("rights.until", { date: (record.until ?? "").slice(0, 10) });
  show(
    words,
    section(
      "record",
      words,
      el("ul", { class: "askfirst-list" }, choices(record, purposes, words)),
      el("p", { class: "askfirst-note" }, [since(holdings, words), until].filter(Boolean).join(", ")),
    ),
    section(
      "receipt",
      words,
      el("p", {}, words.say("rights.receipt_why")),
      file(words.say("button.download"), "receipt.json", JSON.stringify({ receipt, secret }, null, 2)),
    ),
    stored(holdings, published, words),
    section(
      "rows",
      words,
      rows.length > 0
        ? el(
            "ol",
            { class: "askfirst-rows" },
            rows.slice(0, MOST).map((row) => item(row, purposes, words)),
          )
        : el("p", {}, words.say("rights.rows_none")),
      copy(holdings, words),
      rows.length > 0 ? file("CSV", "askfirst.csv", table(rows), "text/csv") : null,
    ),
    deliveries(holdings, purposes, words),
    section("not_linkable", words, el("p", {}, words.say("rights.not_linkable_why"))),
    section(
      "withdraw",
      words,
      el(
        "div",
        { class: "askfirst-rights" },
        correct(words),
        right("withdraw", "button.withdraw_consent", "withdrawn", holdings, secret, words),
        record.status === "restricted"
          ? null
          : right("restrict", "button.restrict", "restricted", holdings, secret, words),
        right("erase", "button.erase", "erased", holdings, secret, words),
      ),
      ["rights.object_why", "policy.no_automated"].map((path) => el("p", { class: "askfirst-note" }, words.say(path))),
    ),
  );
}

const section = (name: string, words: Words, ...children: Child[]): HTMLElement =>
  el("section", { class: "askfirst-section" }, el("h2", {}, words.say(`rights.${name}`)), children);

/** What the site published; its purposes in the order of the policy. */
async function readPublished(): Promise<Published> {
  const response = await fetch(new URL("../policy/index.json", base));
  skew = ahead(response);
  return response.json();
}

/** Each thing that is stored, how precisely, and how it reads in a row of the visitor's own: as pages/stored.py. */
function stored({ record, rows }: Holdings, published: Published, words: Words): Child {
  const parts = Object.keys(published.policy.purposes).flatMap((name) => {
    const { detail = 0, edition = 0 } = record?.choices[name] ?? {};
    const levels = Object.entries(published.bounds[edition]?.[name]?.[detail] ?? {});
    if (!levels[0]) return [];
    const things = levels.map(([attribute, level]) => {
      const row = rows.find(({ purpose, values }) => purpose === name && values[attribute]);
      const example = said([row?.values[attribute] ?? []].flat().slice(0, level), words);
      return el(
        "div",
        {},
        el("dt", {}, words.say(`attribute.${attribute}`)),
        el(
          "dd",
          {},
          precision(published, name, attribute, level, words),
          !!example && el("span", { class: "askfirst-note" }, " · ", own(example)),
        ),
      );
    });
    const title = own(titleOf(name, published.policy.purposes, words));
    return [el("h3", {}, title), el("dl", { class: "askfirst-terms" }, things)];
  });
  const title = el("h2", {}, words.say("policy.purpose_stores"));
  return parts.length > 0 && el("section", { class: "askfirst-section" }, title, parts);
}

/** What a purpose is called; one that is gone keeps its name. */
function titleOf(name: string, purposes: Purposes, { lang }: Words): string {
  const text = purposes[name]?.text ?? {};
  return (text[lang] ?? Object.values(text)[0])?.title ?? name;
}

function show({ lang, dir }: Words, ...children: Child[]): void {
  place?.replaceChildren(el("div", { lang, dir, class: "askfirst-save" }, children));
}

/** When the choices that hold were made: at the latest answer, as in pages/rights.py. */
function since({ history, record }: Holdings, words: Words): string {
  const answer = [record, ...history].filter((entry) => /^(granted|changed)$/.test(entry?.status ?? "")).pop();
  return answer?.hour ? words.say("rights.since", { date: day(answer.hour, words) }) : "";
}

function choices({ choices }: Entry, purposes: Purposes, words: Words): HTMLElement[] {
  const names = Object.keys({ ...purposes, ...choices }).filter((name) => choices[name]);
  return names.map((name) =>
    el("li", {}, own(titleOf(name, purposes, words)), ": ", words.say(`detail.${choices[name]?.detail}`)),
  );
}

function item({ purpose, type, period, values }: Row, purposes: Purposes, words: Words): HTMLElement {
  const pairs = Object.entries(values).map(([name, value]) =>
    el("div", {}, el("dt", {}, words.say(`attribute.${name}`)), el("dd", {}, own(said([value].flat(), words)))),
  );
  const kind = words.has(`rights.${type}`) ? words.say(`rights.${type}`) : type;
  return el(
    "li",
    {},
    el("p", {}, own(titleOf(purpose, purposes, words)), ` · ${kind} · ${period}`),
    el("dl", {}, pairs),
  );
}

/** Who else received what, and when, as in pages/deliveries.py. */
function deliveries({ deliveries = [] }: Holdings, purposes: Purposes, words: Words): Child {
  const groups = new Map<string, { head: Child[]; days: string[] }>();
  for (const { recipient: receiver, purpose, what, hour } of deliveries) {
    const who = recipient(receiver, words);
    const title = titleOf(purpose, purposes, words);
    const kind = words.has(`rights.delivered.${what}`) ? words.say(`rights.delivered.${what}`) : what;
    const key = JSON.stringify([who, title, kind]);
    const head = [who, " · ", own(title), ` · ${kind} · `];
    const days = [...(groups.get(key)?.days ?? []), hour.slice(0, 10)].sort();
    groups.set(key, { head, days });
  }
  if (!groups.size) return null;
  const items = [...groups.values()].map(({ head, days }) =>
    el("li", {}, head, own([...new Set([days[0], days.at(-1)])].join(" – "))),
  );
  return section(
    "deliveries",
    words,
    el("p", { class: "askfirst-note" }, words.say("rights.deliveries_why")),
    el("ul", { class: "askfirst-list" }, items),
  );
}

/** A value, coarse to fine: a part that the next only spells out is said once, an empty finer one not at all. */
function said(parts: readonly string[], words: Words): string {
  const leaves = parts.filter((part, at) => !parts[at + 1]?.startsWith(part));
  const full = leaves.filter((part, at) => at === 0 || part !== "none");
  return full.map((part) => (words.has(`rights.value.${part}`) ? words.say(`rights.value.${part}`) : part)).join(" › ");
}

/** The rows as a spreadsheet reads them; a field that it would run is quoted, as terms/csv_text.py does. */
function table(rows: readonly Row[]): string {
  const head = ["purpose", "period", "type"] as const;
  const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const lines = rows.map((row) => [
    ...head.map((name) => row[name]),
    ...names.map((name) => [row.values[name] ?? []].flat().join(" › ")),
  ]);
  const field = (text: string): string =>
    `"${(/^\s*[=+\-@＝＋－＠]|^[\t\r\n]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  return [[...head, ...names], ...lines].map((line) => `${line.map(field).join(",")}\r\n`).join("");
}

const copy = (holdings: Holdings, words: Words): HTMLElement =>
  file(words.say("button.export"), "askfirst.json", JSON.stringify(holdings, null, 2));

/** The way to another answer. */
function correct(words: Words): HTMLElement {
  const button = el("button", { type: "button", class: "askfirst-button askfirst-quiet" }, words.say("control.title"));
  button.addEventListener("click", () => (window as Window & { askfirst?: Askfirst }).askfirst?.show());
  return el("div", {}, button, el("p", { class: "askfirst-note" }, words.say("rights.change_why")));
}

/** A link to a file that this page made: nothing of it goes anywhere. */
function file(label: string, name: string, content: string, type = "application/json"): HTMLElement {
  const href = URL.createObjectURL(new Blob([content], { type }));
  return el("p", {}, el("a", { class: "askfirst-button askfirst-quiet", href, download: name }, label));
}

/** A right that is one press: what it does, and what came of it. */
function right(
  action: string,
  label: string,
  done: string,
  { record }: Holdings,
  secret: string,
  words: Words,
): HTMLElement {
  const button = el("button", { type: "button", class: "askfirst-button askfirst-quiet" }, words.say(label));
  const said = el("p", { class: "askfirst-note", role: "status" }, words.say(`rights.${action}_why`));
  // Withdrawing offers to erase as well, and to keep the receipt; nothing is ticked.
  const box = el("input", { type: "checkbox" }) as HTMLInputElement;
  const act = async (): Promise<void> => {
    const erases = box.checked;
    const response = await ask(erases ? "erase" : action, secret);
    said.textContent = words.say(response.ok ? `rights.done.${erases ? "erased" : done}` : "problem.collector-away");
    if (!response.ok || action === "restrict") return;
    // The scripts of every page go by the state: what was agreed to is refused now.
    const own = Object.keys(record?.choices ?? {}).filter((name) => !name.includes("/"));
    const now = Date.now() + skew;
    const ch = Object.fromEntries(own.map((name) => [name, 0]));
    setState(site, suffix, { ch, ed: 0, exp: expiresAt(new Date(now)) }, now);
    writeKept(suffix, undefined);
  };
  button.addEventListener("click", () => {
    act().catch(() => {
      said.textContent = words.say("problem.collector-away");
    });
  });
  if (action === "withdraw") return el("div", {}, button, el("label", {}, box, " ", words.say("button.erase")), said);
  if (action !== "restrict") return el("div", {}, button, said);
  return el("div", {}, button, said, el("p", { class: "askfirst-note" }, words.say("rights.restrict_copy")));
}

void begin();
