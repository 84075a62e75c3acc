/**
 * Scripts that wait for consent: `<script type="text/plain" data-purpose="statistics">`, or `data-category`.
 *
 * Such an element never ran, so it runs when it is put back with its type changed: nonce, integrity and crossorigin stay
 * on it, and no policy for Trusted Types is needed, since nothing turns a string into a script. For the same reason
 * markup that a page sets by innerHTML stays as inert as HTML wants it.
 */
import { safely } from "./safely.ts";

const WAITING = 'script[type="text/plain"]:is([data-purpose],[data-category])';

export type Allows = (purpose: string) => boolean;

/** Runs what is allowed now, in the order of the page, and answers a function that looks again. */
export function gateScripts(allows: Allows): () => void {
  const waiting: HTMLScriptElement[] = [];
  let running = false;

  const next = (): void => {
    running = false;
    while (!running && waiting.length > 0) {
      const script = waiting.shift();
      // Consent may have gone while the one before was loading.
      if (script?.isConnected && isAllowed(script, allows)) running = run(script, () => void safely(next));
    }
  };

  const look = (): void => {
    const found = [...document.querySelectorAll<HTMLScriptElement>(WAITING)].filter(
      (script) => !waiting.includes(script) && isAllowed(script, allows),
    );
    waiting.push(...found.filter((script) => !isDeferred(script)), ...found.filter(isDeferred));
    if (!running) next();
  };

  new MutationObserver(() => void safely(look)).observe(document, { childList: true, subtree: true });
  return look;
}

function isAllowed({ dataset }: HTMLScriptElement, allows: Allows): boolean {
  const purposes = (dataset["purpose"] ?? dataset["category"] ?? "").split(/[\s,]+/).filter(Boolean);
  return purposes.length > 0 && purposes.every(allows);
}

const isModule = ({ dataset }: HTMLScriptElement): boolean => dataset["type"] === "module";

// Not `script.async`, which is also true of a script that was left without running ("force async" in HTML).
const isAsync = (script: HTMLScriptElement): boolean => script.hasAttribute("async");

/** As the parser would have done: after the others. */
const isDeferred = (script: HTMLScriptElement): boolean => !isAsync(script) && (isModule(script) || script.defer);

/** Runs one script; true when the next has to wait until this one has loaded or failed. */
function run(script: HTMLScriptElement, done: () => void): boolean {
  // One that innerHTML made counts as started: it is not forced to be async, and never loads.
  const waits = script.async && !isAsync(script) && (script.hasAttribute("src") || isModule(script));
  const { parentNode, nextSibling } = script;
  script.remove();
  script.type = isModule(script) ? "module" : "";
  if (waits) {
    script.async = false;
    for (const event of ["load", "error"]) script.addEventListener(event, done, { once: true });
  }
  parentNode?.insertBefore(script, nextSibling);
  return waits;
}
