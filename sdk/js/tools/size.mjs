/** Brotli bytes of each built script against its budget: what a page pays for us is decided here, in one table. */
import { existsSync, readFileSync } from "node:fs";
import { stdout } from "node:process";
import { brotliCompressSync, constants } from "node:zlib";

const OUT = "sdk/python/askfirst/static";
// bytes
const BUDGET = {
  "askfirst.js": 3800,
  "askfirst-remote.js": 5100, // on a site without a server of ours, in its place
  "adpc.js": 1100, // where a page has the line for it
  "automatic.js": 1600, // where a purpose that was granted lists what it tells of
  "bar.js": 5000, // on loopback alone
  "choices.js": 2500,
  "collectors.js": 1000, // where collectors are placed on pages of the site
  "embeds.js": 1100,
  "placeholder.js": 2700,
  "example.js": 1000,
  "kept.js": 400, // where a router changes the page's language
  "guard.js": 2100,
  "consent-mode.js": 1000,
  "gpp.js": 1600, // where a page has the line for it
  "manage.js": 1900,
  "notice.js": 6000,
  "notice.css": 2500,
  "placed.js": 1500,
  "control.js": 800,
  "receipt.js": 1900, // on its own page alone
  "remote.js": 2200,
  "scripts.js": 1200,
  "tracker.js": 2500,
  "vitals.js": 3000, // web-vitals; likewise
  "words/en.json": 2100, // of the page's language; Greek, the longest, has 2,930
};

for (const [file, budget] of Object.entries(BUDGET)) {
  if (!existsSync(`${OUT}/${file}`)) continue;
  const bytes = readFileSync(`${OUT}/${file}`);
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
  const verdict = brotli <= budget ? "within" : "OVER";
  stdout.write(
    `${file.padEnd(12)} ${String(brotli).padStart(5)} of ${budget} brotli bytes (${bytes.length} raw): ${verdict}\n`,
  );
  if (brotli > budget) process.exitCode = 1;
}
