/**
 * Checks a receipt that is chosen or dropped: signature, leaf, site and secret, as `askfirst receipt verify` does. All of it
 * in this browser; what it holds goes nowhere.
 */
import { type Child, el, own } from "./element.ts";
import { loadAll, type Words } from "./words.ts";

interface Payload {
  readonly site: string;
  readonly handle: string;
  readonly leaf: string;
  readonly salt: string;
  readonly status: string;
  readonly hour: string;
  readonly until: string;
  readonly controller: string;
  readonly choices: Readonly<Record<string, { readonly detail: number }>>;
}

interface Keys {
  readonly site: string;
  readonly keys: readonly (JsonWebKey & { readonly kid: string; readonly compromised?: string })[];
}

const LONGEST = 65_536; // characters
const ALGORITHM = "Ed25519";
const base = new URL(".", import.meta.url).href;
const { subtle } = crypto;

/** Canonical JSON (RFC 8785) of values without fractions, as terms/canonical.py writes it. */
const canonical = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(canonical)}]`
    : value && typeof value === "object"
      ? `{${Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)}}`
      : JSON.stringify(value);

const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(text, (character) => character.charCodeAt(0));
const decoded = (part: string): Uint8Array<ArrayBuffer> => bytes(atob(part.replace(/-/g, "+").replace(/_/g, "/")));
const unhex = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data: ArrayBuffer): string =>
  [...new Uint8Array(data)].map((n) => n.toString(16).padStart(2, "0")).join("");

/** A part of the record, written in the one way in which it is signed: so no key stands twice in it. */
function read<T>(part: string): T {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(decoded(part));
  const value = JSON.parse(text);
  if (canonical(value) !== text) throw new Error("it is written in another way");
  return value;
}

/** What a genuine receipt of this site says; throws for every other. */
async function verify(text: string, { site, keys }: Keys): Promise<Payload> {
  const file = text.trim().startsWith("{") ? JSON.parse(text) : { receipt: text.trim() };
  const parts = String(file.receipt).split(".");
  const [head = "", body = "", signature = ""] = parts;
  const { alg, kid, typ, ...more } = read<Record<string, string>>(head);
  const named = keys.filter((key) => key.kid === kid);
  const jwk = named.some((key) => "compromised" in key) ? undefined : named[0];
  const isOurs = parts.length === 3 && alg === ALGORITHM && typ === "askfirst-receipt+jws" && !Object.keys(more).length;
  if (!isOurs || !jwk) throw new Error("its header is not that of a receipt");
  const { kty = "", crv = "", x = "" } = jwk;
  const key = await subtle.importKey("jwk", { kty, crv, x }, ALGORITHM, false, ["verify"]);
  const isSigned = await subtle.verify(ALGORITHM, key, decoded(signature), bytes(`${head}.${body}`));
  const payload = read<Payload>(body);
  const { leaf, salt, ...entry } = payload;
  const hmac = await subtle.importKey("raw", unhex(salt), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const inner = await subtle.sign("HMAC", hmac, new TextEncoder().encode(canonical(entry)));
  const fits = hex(await subtle.digest("SHA-256", new Uint8Array([0, ...new Uint8Array(inner)]))) === leaf;
  const opens = !file.secret || hex(await subtle.digest("SHA-256", decoded(file.secret))) === payload.handle;
  if (!isSigned || !fits || !opens || payload.site !== site) throw new Error("it is not genuine");
  return payload;
}

const described = (payload: Payload, words: Words): Child => [
  el("p", {}, own(payload.controller), ": ", words.say(`rights.status.${payload.status}`)),
  el(
    "ul",
    { class: "askfirst-list" },
    Object.entries(payload.choices).map(([name, { detail }]) =>
      el("li", {}, own(name), ": ", words.say(`detail.${detail}`)),
    ),
  ),
  el("p", { class: "askfirst-note" }, words.say("rights.since", { date: payload.hour.slice(0, 10) })),
  el("p", { class: "askfirst-note" }, words.say("rights.until", { date: payload.until.slice(0, 10) })),
  el("p", { class: "askfirst-note" }, words.say("rights.handle"), ": ", el("code", {}, payload.handle)),
];

/** Whether this browser can check at all: with a key that signs nothing. */
async function isAble(): Promise<boolean> {
  try {
    await subtle.importKey("raw", new Uint8Array(32), ALGORITHM, false, ["verify"]);
    return true;
  } catch {
    return false;
  }
}

async function begin(): Promise<void> {
  const words = await loadAll(base, { lang: document.documentElement.lang });
  const place = document.getElementById("askfirst-checked");
  const input = document.getElementById("askfirst-file") as HTMLInputElement;
  const show = (...children: Child[]): void => place?.replaceChildren(el("div", {}, children));
  const unable = el("p", {}, words.say("receipt.unable"));
  if (!(await isAble())) return show(unable);
  const check = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    try {
      const keys: Keys = await (await fetch(new URL("../../.well-known/askfirst.json", base))).json();
      const payload = await verify(await file.slice(0, LONGEST).text(), keys);
      show(el("p", { class: "askfirst-signal" }, words.say("receipt.good")), described(payload, words));
    } catch {
      show(el("p", { class: "askfirst-signal" }, words.say("receipt.bad")));
    }
  };
  input.addEventListener("change", () => check(input.files?.[0]));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    void check(event.dataTransfer?.files[0]);
  });
}

void begin();
