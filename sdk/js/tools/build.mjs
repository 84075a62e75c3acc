/** Makes every built file in memory, then writes them (or, with --check, compares them with what is committed). */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { argv, stderr, stdout } from "node:process";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import * as esbuild from "esbuild";

const OUT = "sdk/python/askfirst/static";
const WORDS = "consent_banner/translations";

/** What the notice and a placeholder say: `words/` has that, and `words/all/` all of it, for the choices and the server's pages. */
const FIRST = [
  ...["lang", "dir", "list", "chain", "days", "within", "notice", "button", "embed", "control", "recipients", "basis"],
  ...["level", "automatic", "problem", "choices.nothing", "choices.stores", "choices.empty_scope"],
  ...["placed.alone", "placed.intro", "placed.beside", "placed.here", "placed.kept"],
];

/** Built file: where it comes from, and in which form. Gate, guard, manage, consent-mode, gpp and adpc are classic scripts: lines of the page. */
const ENTRIES = [
  { file: "placed.js", source: "sdk/js/src/placed.ts", format: "esm" },
  { file: "scripts.js", source: "sdk/js/src/scripts.ts", format: "esm" },
  { file: "guard.js", source: "sdk/js/src/guard.ts", format: "iife" },
  { file: "consent-mode.js", source: "sdk/js/src/consent_mode_script.ts", format: "iife" },
  { file: "adpc.js", source: "sdk/js/src/adpc_script.ts", format: "iife" },
  { file: "gpp.js", source: "sdk/js/src/gpp_script.ts", format: "iife" },
  { file: "manage.js", source: "sdk/js/src/manage_script.ts", format: "iife" },
  { file: "remote.js", source: "sdk/js/src/remote.ts", format: "esm" },
  { file: "control.js", source: "sdk/js/src/control.ts", format: "esm" },
  { file: "tracker.js", source: "sdk/js/src/tracker.ts", format: "esm" },
  { file: "automatic.js", source: "sdk/js/src/automatic.ts", format: "esm" },
  { file: "vitals.js", source: "sdk/js/src/vitals.ts", format: "esm" },
  { file: "embeds.js", source: "consent_banner/src/embeds.ts", format: "esm" },
  { file: "placeholder.js", source: "consent_banner/src/placeholder.ts", format: "esm" },
  { file: "notice.js", source: "consent_banner/src/notice.ts", format: "esm" },
  { file: "rights.js", source: "consent_banner/src/rights.ts", format: "esm" },
  { file: "receipt.js", source: "consent_banner/src/receipt.ts", format: "esm" },
  { file: "choices.js", source: "consent_banner/src/choices.ts", format: "esm" },
  { file: "collectors.js", source: "consent_banner/src/collectors.ts", format: "esm" },
  { file: "kept.js", source: "consent_banner/src/kept.ts", format: "esm" },
  { file: "example.js", source: "consent_banner/src/example.ts", format: "esm" },
  { file: "bar.js", source: "consent_banner/src/bar.ts", format: "esm" },
  { file: "notice.css", source: "consent_banner/src/notice.css", format: undefined },
  { file: "askfirst.css", source: "consent_banner/src/pages.css", format: undefined },
  { file: "askfirst.js", source: "sdk/js/src/askfirst.ts", format: "iife" },
  // The same with remote.js in it: what `askfirst snippet` writes as askfirst.js, so that nobody waits for one after the other.
  { file: "askfirst-remote.js", source: "sdk/js/src/askfirst.ts", format: "iife", isWhole: true },
];

/** What npm's package has beside those files: modules, and the types of all of it. */
const PACKAGE = "sdk/js/built";
const MODULES = ["index", "manage", "consent_mode", "gpp", "adpc", "react", "vue", "svelte"];
const OPTIONS = {
  bundle: true,
  minify: true,
  charset: "utf8",
  legalComments: "none",
  mangleProps: /^_/,
  target: ["chrome94", "firefox93", "safari15.4"],
  write: false,
  logLevel: "error",
};

const named = (version, languages = "") => ({
  define: { ASKFIRST_VERSION: JSON.stringify(version), ASKFIRST_LANGUAGES: JSON.stringify(languages) },
});

/** `askfirst snippet` puts a site's languages in the place of this. */
const WRITTEN = "{languages}";

/** What notice.js has already is not sent twice: the parts that come after it import it from there. */
const lent = (file, version) => ({
  name: "lent",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/kit\.ts$/ }, () =>
      file === "notice.js" ? undefined : { path: `./notice.js?v=${version}`, external: true },
    ),
});

const LATER = 'import(file(base, "remote.js"))';
const whole = {
  name: "whole",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/src\/gate\.ts$/ }, ({ path }) => {
      const [before, after, ...more] = readFileSync(path, "utf8").split(LATER);
      if (after === undefined || more.length) throw new Error(`${path} should say ${LATER} once`);
      // Not `import("./remote.ts")`: of that the bundler makes a `Promise` and a loop that a page may have broken.
      const contents = `import { connect as connectRemote } from "./remote.ts";${before}({ connect: connectRemote })${after}`;
      return { contents, loader: "ts" };
    }),
};

async function bundle({ file, source, format, isWhole = false }, version) {
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: [source],
    outfile: join(OUT, file),
    ...(format ? { format } : {}),
    ...OPTIONS,
    ...named(version, isWhole ? WRITTEN : ""),
    plugins: [lent(file, version), ...(isWhole ? [whole] : [])],
    metafile: true,
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

/** What `import "askfirst"` and its like get; the frameworks come from whoever uses them. */
async function modules(version) {
  const { outputFiles } = await esbuild.build({
    entryPoints: MODULES.map((name) => `sdk/js/npm/${name}.ts`),
    outdir: PACKAGE,
    chunkNames: "shared-[hash]",
    format: "esm",
    splitting: true,
    external: ["react", "vue", "svelte"],
    ...OPTIONS,
    ...named(version, ["en", ...files(WORDS, ".json").map((name) => basename(name, ".json"))].join(" ")),
  });
  return outputFiles.map(({ path, contents }) => [basename(path), Buffer.from(contents)]);
}

function types() {
  const folder = mkdtempSync(join(tmpdir(), "askfirst-types-"));
  try {
    const tsc = spawnSync("node_modules/.bin/tsc", ["-p", "sdk/js/npm", "--outDir", folder], { encoding: "utf8" });
    if (tsc.status !== 0) throw new Error(`the types were not made:\n${tsc.stdout}${tsc.stderr}`);
    const read = (name) => readFileSync(join(folder, name), "utf8");
    const names = ["src/api.d.ts", ...files(join(folder, "npm"), ".d.ts").map((name) => `npm/${name}`)];
    // Others know declarations by the name of the module they are of.
    return names.map((name) => [name, Buffer.from(read(name).replace(/(from "\.[^"]*)\.ts"/g, '$1.js"'))]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const isOurs = (source) => !source.startsWith("node_modules/");

/** The hashes by which a checkout without Node can still tell that nobody changed one side alone. */
function manifest(built, sources, version) {
  const sorted = (pairs) => Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
  const document = {
    esbuild: esbuild.version,
    version,
    built: sorted([...built].map(([file, bytes]) => [file, sha256(bytes)])),
    sources: sorted([...sources].filter(isOurs).map((source) => [source, sha256(readFileSync(source))])),
  };
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}

function first(words) {
  const picked = {};
  for (const path of FIRST) {
    const [section, key] = path.split(".");
    if (!(section in words) || (key && !(key in words[section]))) throw new Error(`no words at ${path}`);
    picked[section] = key ? { ...picked[section], [key]: words[section][key] } : words[section];
  }
  return picked;
}

async function make() {
  const sources = new Set(files(WORDS, ".json").map((name) => `${WORDS}/${name}`));
  for (const entry of ENTRIES) for (const input of (await bundle(entry, "")).sources) sources.add(input);
  const version = versionOf(sources);
  const built = new Map();
  for (const entry of ENTRIES) built.set(entry.file, (await bundle(entry, version)).bytes);
  for (const name of files(WORDS, ".json")) {
    const words = JSON.parse(readFileSync(join(WORDS, name), "utf8"));
    built.set(`words/${name}`, Buffer.from(JSON.stringify(first(words))));
    built.set(`words/all/${name}`, Buffer.from(JSON.stringify(words)));
  }
  built.set("manifest.json", manifest(built, sources, version));
  const inPackage = [...(await modules(version)), ...types()];
  return new Map(
    [...built]
      .map(([name, bytes]) => [join(OUT, name), bytes])
      .concat(inPackage.map(([name, bytes]) => [join(PACKAGE, name), bytes])),
  );
}

function files(folder, ending) {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(ending)) : [];
}

/** What stands in the folder and is built by nothing any more. */
function leftOver(built) {
  const folders = [
    OUT,
    join(OUT, "words"),
    join(OUT, "words/all"),
    PACKAGE,
    join(PACKAGE, "npm"),
    join(PACKAGE, "src"),
  ];
  const present = folders.flatMap((folder) => files(folder, "").map((name) => join(folder, name)));
  return present.filter((name) => /\.(js|ts|css|json)(\.br)?$/.test(name) && !built.has(name.replace(/\.br$/, "")));
}

const isServed = (file) => file.startsWith(`${OUT}/`) && basename(file) !== "manifest.json";

function write(built) {
  for (const [file, bytes] of built) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    if (isServed(file)) writeFileSync(`${file}.br`, packed(bytes));
    stdout.write(`${file}  ${bytes.length}\n`);
  }
  for (const file of leftOver(built)) rmSync(file);
}

function check(built) {
  const equals = (path, bytes, read) => existsSync(path) && bytes.equals(read(readFileSync(path)));
  const same = (file) =>
    equals(file, built.get(file), (bytes) => bytes) &&
    (!isServed(file) || equals(`${file}.br`, built.get(file), brotliDecompressSync));
  const wrong = [...[...built.keys()].filter((file) => !same(file)), ...leftOver(built)];
  for (const file of wrong) stderr.write(`${file} is not what its source makes; run scripts/build\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

const built = await make();
if (argv.includes("--check")) check(built);
else write(built);
