import { hydrate, mount, unmount } from "svelte";
import App from "./App.svelte";

const target = document.getElementById("root");
const mounted = (target.firstChild ? hydrate : mount)(App, { target });
window.unmount = () => unmount(mounted);
