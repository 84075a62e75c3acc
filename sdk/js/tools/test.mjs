/** Bundles each test (TypeScript, as the pages get it) into a folder that is thrown away, and runs node --test on it. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv } from "node:process";
import * as esbuild from "esbuild";

const FOLDERS = ["sdk/js/test", "consent_banner/test"];

const found = FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join(folder, name)),
);
const named = argv.slice(2);
const tests = named.length > 0 ? named : found;
const out = mkdtempSync(join(tmpdir(), "askfirst-js-"));
try {
  await esbuild.build({
    entryPoints: tests,
    outdir: out,
    outbase: ".",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    logLevel: "error",
    define: { ASKFIRST_LANGUAGES: '""' },
    banner: { js: 'import { createRequire as _r } from "node:module"; const require = _r(process.cwd() + "/");' },
  });
  const outputs = tests.map((test) => join(out, test.replace(/\.ts$/, ".mjs")));
  const run = spawnSync("node", ["--enable-source-maps", "--test", ...outputs], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
