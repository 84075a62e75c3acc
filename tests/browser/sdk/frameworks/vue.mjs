import { askfirst, Embed, Gate, useConsent } from "askfirst/vue";
import { createSSRApp, h } from "vue";

const App = {
  setup() {
    // biome-ignore lint/correctness/useHookAtTopLevel: a composable of Vue is no hook of React
    const { consent, allows } = useConsent();
    return () => [
      h("output", `${consent.value.source} ${allows("statistics")} ${allows("statistics nonsense")}`),
      h(
        Gate,
        { purpose: "statistics" },
        { default: () => h("p", { id: "yes" }, "yes"), fallback: () => h("p", { id: "no" }, "no") },
      ),
      h("script", { type: "text/plain", "data-purpose": "statistics", src: "/stats.js" }),
      h(Embed, { purpose: "marketing", src: "/map", title: "Map", width: 300 }),
    ];
  },
};

export const app = () => createSSRApp(App).use(askfirst);
