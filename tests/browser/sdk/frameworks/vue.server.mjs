import { renderToString } from "vue/server-renderer";
import { app } from "./vue.mjs";

renderToString(app()).then((html) => process.stdout.write(html));
