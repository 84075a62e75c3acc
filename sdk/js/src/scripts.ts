/**
 * Scripts that wait for consent: `<script type="text/plain" data-purpose="statistics">` (waits.ts says what else).
 *
 * An element that never ran is put back with its type changed: nonce, integrity and crossorigin stay on it, and no policy
 * for Trusted Types is needed, since nothing turns a string into a script. The browser starts nothing that innerHTML made
 * (React does that for JSX): where a nonce, or a property that no markup can set, says that a script put it there, a copy
 * runs in its place. Afterwards an element has its old type again, so that a router
 * which keeps a page, and puts a copy of it back, finds a script that waits and not one that runs.
 */

import type { GatedContext } from "./api.ts";
import { safely } from "./safely.ts";
import { holds, waitsFor } from "./waits.ts";

type Script = HTMLScriptElement;

const TYPE = "text/plain";
const WAITING = `script[type="${TYPE}"]:is([data-purpose],[data-category],[data-service])`;
const PATIENCE = 3000; // milliseconds that all others wait for one that does not load

/**
 * Answers a function that runs what is allowed at that moment, in the order of the page. With a nonce of our own, only
 * elements that carry it too: what a script puts into a page needs none under `strict-dynamic`, so the browser does not ask.
 */
export function start({ published, consent, nonce }: GatedContext): () => void {
  const waiting: Script[] = [];
  const known = new WeakSet<Script>(); // waiting, or started
  const hung = new Set<string>(); // names whose scripts wait for one that does not load
  let loading: Script | undefined;

  const isAllowed = (script: Script): boolean => {
    const names = waitsFor(script);
    return (
      names.length > 0 && names.every((name) => holds(published, consent(), name)) && (!nonce || script.nonce === nonce)
    );
  };

  const next = (): void => {
    while (!loading) {
      const at = waiting.findIndex((script) => !waitsFor(script).some((name) => hung.has(name)));
      const [script] = at < 0 ? [] : waiting.splice(at, 1);
      if (!script) return;
      // Consent may have gone while the one before was loading.
      if (script.isConnected && isAllowed(script)) begin(script);
      else known.delete(script);
    }
  };

  function begin(script: Script): void {
    const names = waitsFor(script);
    const goOn = (mark: (name: string) => unknown): void => {
      clearTimeout(timer);
      names.forEach(mark);
      if (loading === script) loading = undefined;
      next();
    };
    const runs = !canStart(script) && isOwned(script) ? copy(script) : script;
    known.add(runs);
    loading = script;
    const timer = setTimeout(goOn, PATIENCE, (name: string) => hung.add(name));
    const waits = run(script, runs, () => void safely(() => goOn((name) => hung.delete(name))));
    if (!waits) goOn(() => undefined);
  }

  /** Markup that innerHTML set stays as inert as HTML wants it, unless a script of the page stands up for it. */
  const isOwned = (script: Script): boolean => Boolean(nonce || Object.keys(script)[0]);

  return () => {
    const found = [...document.querySelectorAll<Script>(WAITING)].filter(
      (script) => !known.has(script) && isAllowed(script),
    );
    for (const script of found) known.add(script);
    waiting.push(...found.filter((script) => !isDeferred(script)), ...found.filter(isDeferred));
    next();
  };
}

const isModule = ({ dataset }: Script): boolean => dataset["type"] === "module";

// Not `script.async`, which is also true of a script that was left without running ("force async" in HTML).
const isAsync = (script: Script): boolean => script.hasAttribute("async");

/** One that innerHTML made counts as started: it is not forced to be async. */
const canStart = (script: Script): boolean => script.async || isAsync(script);

/** As the parser would have done: after the others. */
const isDeferred = (script: Script): boolean => !isAsync(script) && (isModule(script) || script.defer);

/** The same script as an element that was never started; where Trusted Types forbid that, the old one. */
function copy(script: Script): Script {
  try {
    const fresh = document.createElement("script");
    for (const { name, value } of script.attributes) fresh.setAttribute(name, value);
    fresh.nonce = script.nonce;
    fresh.text = script.text;
    return fresh;
  } catch {
    return script;
  }
}

/** Runs `script` in its place, as the element `runs`; true when the next has to wait until it has loaded or failed. */
function run(script: Script, runs: Script, done: () => void): boolean {
  const { src } = runs.dataset;
  if (src && !runs.hasAttribute("src")) runs.src = src;
  const isFile = runs.hasAttribute("src") || isModule(runs);
  const waits = isFile && !isAsync(runs) && canStart(runs);
  const { parentNode, nextSibling } = script;
  script.remove();
  runs.type = runs.dataset["type"] ?? "";
  // Not `async = false`: the browser's own order would have all of them wait for one that hangs.
  for (const event of waits ? ["load", "error"] : []) runs.addEventListener(event, done, { once: true });
  const insert = (): void => void parentNode?.insertBefore(runs, nextSibling);
  if (isFile) insert();
  else writingAfter(runs, insert);
  runs.type = TYPE;
  return waits;
}

/** What an inline script writes by `document.write` stands after it; the browser would put it in the place of the page. */
function writingAfter(script: Script, insert: () => void): void {
  const html: unknown[] = [];
  const write = (...texts: unknown[]): void => void html.push(...texts);
  const own = Object.getOwnPropertyDescriptors(document);
  Object.assign(document, { write, writeln: write });
  insert();
  for (const name of ["write", "writeln"]) {
    Reflect.deleteProperty(document, name);
    if (own[name]) Object.defineProperty(document, name, own[name]);
  }
  if (html[0]) script.insertAdjacentHTML("afterend", html.join(""));
}
