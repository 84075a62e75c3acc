/** Bundles an application of this folder, `bundle.mjs react client|server`, as its own bundler would, to stdout. */
import { readFileSync } from "node:fs";
import { argv, stdout } from "node:process";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { compile } from "svelte/compiler";

const [name, side] = argv.slice(2);
const svelte = {
  name: "svelte",
  setup(build) {
    build.onLoad({ filter: /\.svelte$/ }, ({ path }) => {
      const { js } = compile(readFileSync(path, "utf8"), { filename: path, generate: side });
      return { contents: js.code, loader: "js" };
    });
  },
};
const { outputFiles } = await esbuild.build({
  entryPoints: [fileURLToPath(new URL(`${name}.${side}.mjs`, import.meta.url))],
  bundle: true,
  format: side === "server" ? "cjs" : "esm",
  platform: side === "server" ? "node" : "browser",
  define: {
    "process.env.NODE_ENV": '"production"',
    __VUE_OPTIONS_API__: "true",
    __VUE_PROD_DEVTOOLS__: "false",
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "true",
  },
  plugins: [svelte],
  write: false,
  logLevel: "error",
});
stdout.write(outputFiles[0].text);
