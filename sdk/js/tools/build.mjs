/** Makes every built file in memory, then writes them (or, with --check, compares them with what is committed). */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { argv, stderr, stdout } from "node:process";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import * as esbuild from "esbuild";

const OUT = "sdk/python/askfirst/static";
const WORDS = "consent_banner/translations";

/** Built file: where it comes from, and in which form. Only the gate is a classic script: the page's one line. */
const ENTRIES = [
  { file: "placed.js", source: "sdk/js/src/placed.ts", format: "esm" },
  { file: "scripts.js", source: "sdk/js/src/scripts.ts", format: "esm" },
  { file: "control.js", source: "sdk/js/src/control.ts", format: "esm" },
  { file: "tracker.js", source: "sdk/js/src/tracker.ts", format: "esm" },
  { file: "notice.js", source: "consent_banner/src/notice.ts", format: "esm" },
  { file: "example.js", source: "consent_banner/src/example.ts", format: "esm" },
  { file: "notice.css", source: "consent_banner/src/notice.css", format: undefined },
  { file: "askfirst.css", source: "consent_banner/src/pages.css", format: undefined },
  { file: "askfirst.js", source: "sdk/js/src/askfirst.ts", format: "iife" },
];

async function bundle({ file, source, format }, version) {
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: [source],
    outfile: join(OUT, file),
    ...(format ? { format } : {}),
    bundle: true,
    minify: true,
    charset: "utf8",
    legalComments: "none",
    mangleProps: /^_/,
    define: { ASKFIRST_VERSION: JSON.stringify(version) },
    metafile: true,
    target: ["chrome94", "firefox93", "safari15.4"],
    write: false,
    logLevel: "error",
  });
  return { bytes: Buffer.from(outputFiles[0].contents), sources: Object.keys(metafile.inputs) };
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** The name of what the sources hold: part of each address, so that a browser may keep a file for a year. */
function versionOf(sources) {
  const hashes = [...sources].sort().map((source) => sha256(readFileSync(source)));
  return sha256([esbuild.version, ...hashes].join()).slice(0, 8);
}

/** As it is sent; what it holds is checked, as other versions of the compressor pack it otherwise. */
const packed = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });

/** The hashes by which a checkout without Node can still tell that nobody changed one side alone. */
function manifest(built, sources, version) {
  const sorted = (pairs) => Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
  const document = {
    esbuild: esbuild.version,
    version,
    built: sorted([...built].map(([file, bytes]) => [file, sha256(bytes)])),
    sources: sorted([...sources].map((source) => [source, sha256(readFileSync(source))])),
  };
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}

async function make() {
  const sources = new Set(files(WORDS, ".json").map((name) => `${WORDS}/${name}`));
  for (const entry of ENTRIES) for (const input of (await bundle(entry, "")).sources) sources.add(input);
  const version = versionOf(sources);
  const built = new Map();
  for (const entry of ENTRIES) built.set(entry.file, (await bundle(entry, version)).bytes);
  for (const name of files(WORDS, ".json")) {
    built.set(`words/${name}`, Buffer.from(JSON.stringify(JSON.parse(readFileSync(join(WORDS, name), "utf8")))));
  }
  built.set("manifest.json", manifest(built, sources, version));
  return built;
}

function files(folder, ending) {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(ending)) : [];
}

/** What stands in the folder and is built by nothing any more. */
function leftOver(built) {
  const here = [...files(OUT, ""), ...files(join(OUT, "words"), "").map((name) => `words/${name}`)];
  return here.filter((name) => /\.(js|css|json)(\.br)?$/.test(name) && !built.has(name.replace(/\.br$/, "")));
}

function write(built) {
  for (const [file, bytes] of built) {
    mkdirSync(dirname(join(OUT, file)), { recursive: true });
    writeFileSync(join(OUT, file), bytes);
    if (file !== "manifest.json") writeFileSync(join(OUT, `${file}.br`), packed(bytes));
    stdout.write(`${join(OUT, file)}  ${bytes.length}\n`);
  }
  for (const file of leftOver(built)) rmSync(join(OUT, file));
}

function check(built) {
  const equals = (path, bytes, read) => existsSync(path) && bytes.equals(read(readFileSync(path)));
  const same = (file) =>
    equals(join(OUT, file), built.get(file), (bytes) => bytes) &&
    (file === "manifest.json" || equals(join(OUT, `${file}.br`), built.get(file), brotliDecompressSync));
  const wrong = [...[...built.keys()].filter((file) => !same(file)), ...leftOver(built)];
  for (const file of wrong) stderr.write(`${join(OUT, file)} is not what its source makes; run scripts/build\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

const built = await make();
if (argv.includes("--check")) check(built);
else write(built);
