import { AskfirstProvider, Embed, Gate, useConsent } from "askfirst/react";
import { createElement as h } from "react";

const State = () => {
  const { consent, allows } = useConsent();
  return h("output", {}, `${consent.source} ${allows("statistics")} ${allows("statistics nonsense")}`);
};

export const app = h(
  AskfirstProvider,
  {},
  h(State),
  h(Gate, { purpose: "statistics", fallback: h("p", { id: "no" }, "no") }, h("p", { id: "yes" }, "yes")),
  h("script", { type: "text/plain", "data-purpose": "statistics", src: "/stats.js" }),
  h(Embed, { purpose: "marketing", src: "/map", title: "Map", width: 300 }),
);
