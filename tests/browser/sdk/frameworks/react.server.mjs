import { renderToString } from "react-dom/server";
import { app } from "./react.mjs";

process.stdout.write(renderToString(app));
