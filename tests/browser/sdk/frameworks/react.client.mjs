import { createRoot, hydrateRoot } from "react-dom/client";
import { app } from "./react.mjs";

const root = document.getElementById("root");
const mounted = root.firstChild ? hydrateRoot(root, app) : createRoot(root);
if (!root.firstChild) mounted.render(app);
window.unmount = () => mounted.unmount();
