/** Makes every built file in memory, then writes them (or, with --check, compares them with what is committed). */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { argv, stderr, stdout } from "node:process";
import * as esbuild from "esbuild";

const OUT = "sdk/python/askfirst/static";
const WORDS = "consent_banner/translations";

/** Built file: where it comes from, and in which form. Only the gate is a classic script: the page's one line. */
const ENTRIES = [
  { file: "askfirst.js", source: "sdk/js/src/askfirst.ts", format: "iife" },
  { file: "placed.js", source: "sdk/js/src/placed.ts", format: "esm" },
  { file: "scripts.js", source: "sdk/js/src/scripts.ts", format: "esm" },
  { file: "tracker.js", source: "sdk/js/src/tracker.ts", format: "esm" },
  { file: "notice.js", source: "consent_banner/src/notice.ts", format: "esm" },
  { file: "askfirst.css", source: "consent_banner/src/notice.css", format: undefined },
];

async function bundle({ file, source, format }) {
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: [source],
    outfile: join(OUT, file),
    ...(format ? { format } : {}),
    bundle: true,
    minify: true,
    charset: "utf8",
    legalComments: "none",
    mangleProps: /^_/,
    metafile: true,
    target: ["chrome94", "firefox93", "safari15.4"],
    write: false,
    logLevel: "error",
  });
  return { bytes: Buffer.from(outputFiles[0].contents), sources: Object.keys(metafile.inputs) };
}

/** The hashes by which a checkout without Node can still tell that nobody changed one side alone. */
function manifest(built, sources) {
  const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
  const sorted = (pairs) => Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
  const document = {
    esbuild: esbuild.version,
    built: sorted([...built].map(([file, bytes]) => [file, hash(bytes)])),
    sources: sorted([...sources].map((source) => [source, hash(readFileSync(source))])),
  };
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}

async function make() {
  const built = new Map();
  const sources = new Set();
  for (const entry of ENTRIES) {
    const { bytes, sources: inputs } = await bundle(entry);
    built.set(entry.file, bytes);
    for (const input of inputs) sources.add(input);
  }
  for (const name of files(WORDS, ".json")) {
    built.set(`words/${name}`, readFileSync(join(WORDS, name)));
    sources.add(`${WORDS}/${name}`);
  }
  built.set("manifest.json", manifest(built, sources));
  return built;
}

function files(folder, ending) {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(ending)) : [];
}

/** What stands in the folder and is built by nothing any more. */
function leftOver(built) {
  const here = [...files(OUT, ""), ...files(join(OUT, "words"), ".json").map((name) => `words/${name}`)];
  return here.filter((name) => /\.(js|css|json)$/.test(name) && !built.has(name));
}

function write(built) {
  for (const [file, bytes] of built) {
    mkdirSync(dirname(join(OUT, file)), { recursive: true });
    writeFileSync(join(OUT, file), bytes);
    stdout.write(`${join(OUT, file)}  ${bytes.length}\n`);
  }
  for (const file of leftOver(built)) rmSync(join(OUT, file));
}

function check(built) {
  const same = (file) => existsSync(join(OUT, file)) && built.get(file).equals(readFileSync(join(OUT, file)));
  const wrong = [...[...built.keys()].filter((file) => !same(file)), ...leftOver(built)];
  for (const file of wrong) stderr.write(`${join(OUT, file)} is not what its source makes; run scripts/build\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

const built = await make();
if (argv.includes("--check")) check(built);
else write(built);
