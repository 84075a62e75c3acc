import { app } from "./vue.mjs";

const mounted = app();
mounted.mount("#root");
window.unmount = () => mounted.unmount();
