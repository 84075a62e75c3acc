/**
 * "What is kept about me" on a site without a server of ours: the page asks the collector with the receipt that lies in
 * this browser, and shows what pages/rights.py shows elsewhere. The page names site and collector.
 */
import { expiresAt, readKept, setState, writeKept } from "../../sdk/js/src/receipt.ts";
import { el, own } from "./element.ts";
import { load, type Words } from "./words.ts";

interface Entry {
  readonly status: string;
  readonly until?: string;
  readonly hour?: string;
  readonly choices: Readonly<Record<string, { readonly detail: number }>>;
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
}

const MOST = 500; // rows that are shown; the file has them all

const place = document.querySelector<HTMLElement>("[data-askfirst-rights]");
const { askfirstRights: site = "", collector = "", suffix = "" } = place?.dataset ?? {};
const base = new URL(".", import.meta.url).href;

const ask = (action: string, secret: string, method = "POST"): Promise<Response> =>
  fetch(`${collector}/v1/rights/${action}`, { method, headers: { Authorization: `Receipt ${secret}` } });

async function begin(): Promise<void> {
  const words = await load(base, { lang: document.documentElement.lang });
  const { secret } = readKept(suffix) ?? {};
  const response = secret ? await ask("me", secret, "GET") : undefined;
  if (response && !response.ok) return show(words, el("p", { role: "alert" }, words.say("problem.collector-away")));
  const holdings: Holdings | undefined = await response?.json();
  if (!secret || !holdings?.record) {
    return show(words, el("h2", {}, words.say("rights.none")), el("p", {}, words.say("rights.none_why")));
  }
  const { record, receipt, rows } = holdings;
  show(
    words,
    el("h2", {}, words.say("rights.record")),
    el("ul", { class: "askfirst-list" }, choices(record, words)),
    el("p", { class: "askfirst-note" }, words.say("rights.until", { date: (record.until ?? "").slice(0, 10) })),
    el("h2", {}, words.say("rights.receipt")),
    el("p", {}, words.say("rights.receipt_why")),
    file(words.say("button.download"), "receipt.json", { receipt, secret }),
    el("h2", {}, words.say("rights.rows")),
    rows.length > 0
      ? el(
          "ol",
          { class: "askfirst-rows" },
          rows.slice(0, MOST).map((row) => item(row, words)),
        )
      : null,
    rows.length > 0 ? null : el("p", {}, words.say("rights.rows_none")),
    file(words.say("button.export"), "askfirst.json", holdings),
    el("h2", {}, words.say("rights.not_linkable")),
    el("p", {}, words.say("rights.not_linkable_why")),
    el("h2", {}, words.say("rights.withdraw")),
    el(
      "div",
      { class: "askfirst-rights" },
      right("withdraw", "button.withdraw_consent", "withdrawn", holdings, secret, words),
      record.status === "restricted"
        ? null
        : right("restrict", "button.restrict", "restricted", holdings, secret, words),
      right("erase", "button.erase", "erased", holdings, secret, words),
    ),
  );
}

function show({ lang, dir }: Words, ...children: Parameters<typeof el>[2][]): void {
  place?.replaceChildren(el("div", { lang, dir }, ...children));
}

const choices = ({ choices }: Entry, words: Words): HTMLElement[] =>
  Object.entries(choices).map(([name, { detail }]) => el("li", {}, own(name), ": ", words.say(`detail.${detail}`)));

function item({ purpose, type, period, values }: Row, words: Words): HTMLElement {
  const pairs = Object.entries(values).map(([name, value]) =>
    el("div", {}, el("dt", {}, words.say(`attribute.${name}`)), el("dd", {}, own([value].flat().join(" › ")))),
  );
  const kind = words.has(`rights.${type}`) ? words.say(`rights.${type}`) : type;
  return el("li", {}, el("p", {}, own(purpose), ` · ${kind} · ${period}`), el("dl", {}, pairs));
}

/** A link to a file that this page made: nothing of it goes anywhere. */
function file(label: string, name: string, content: object): HTMLElement {
  const href = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: "application/json" }));
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
  const act = async (): Promise<void> => {
    const response = await ask(action, secret);
    said.textContent = words.say(response.ok ? `rights.done.${done}` : "problem.collector-away");
    if (!response.ok || action === "restrict") return;
    // The scripts of every page go by the state: what was agreed to is refused now.
    const own = Object.keys(record?.choices ?? {}).filter((name) => !name.includes("/"));
    setState(site, suffix, { ch: Object.fromEntries(own.map((name) => [name, 0])), ed: 0, exp: expiresAt(new Date()) });
    writeKept(suffix, undefined);
  };
  button.addEventListener("click", () => {
    act().catch(() => {
      said.textContent = words.say("problem.collector-away");
    });
  });
  return el("div", {}, button, said);
}

void begin();
