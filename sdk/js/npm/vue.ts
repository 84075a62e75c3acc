/** askfirst for Vue: a plugin, a composable, and a gate around what waits for consent. Renders on a server as unanswered. */
import {
  defineComponent,
  h,
  nextTick,
  onBeforeUnmount,
  onMounted,
  type Plugin,
  ref,
  type ShallowRef,
  shallowRef,
} from "vue";
import type { Askfirst, ConsentView } from "../src/api.ts";
import type { InitOptions } from "./index.ts";
import { allowed, begin, snapshot, subscribe, unknown } from "./store.ts";

export interface Consent extends Pick<Askfirst, "track" | "show"> {
  readonly consent: Readonly<ShallowRef<ConsentView>>;
  /** Whether all of these purposes, with spaces between them, are allowed. */
  readonly allows: (purposes: string) => boolean;
}

/** `app.use(askfirst, options)`; without it askfirst starts with the first composable or gate, with no options. */
export const askfirst: Plugin<[InitOptions?]> = { install: (_, options) => void begin(options) };

/** To be called in `setup`. */
export function useConsent(): Consent {
  const consent = shallowRef(unknown());
  const update = (): void => {
    consent.value = snapshot();
  };
  let stop = (): void => undefined;
  onMounted(() => {
    stop = subscribe(update);
    update();
  });
  onBeforeUnmount(() => stop());
  return {
    consent,
    allows: (purposes) => allowed(consent.value, purposes),
    track: (name, properties) => begin().track(name, properties),
    show: () => begin().show(),
  };
}

/** Its default slot where the purpose is allowed, else the slot `fallback`. */
export const Gate = defineComponent({
  name: "AskfirstGate",
  props: { purpose: { type: String, required: true } },
  setup(props, { slots }) {
    // biome-ignore lint/correctness/useHookAtTopLevel: a composable of Vue is no hook of React
    const { allows } = useConsent();
    return () => (allows(props.purpose) ? slots["default"]?.() : slots["fallback"]?.());
  },
});

/** A frame that waits for its purpose; in its place stands who would receive what. */
export const Embed = defineComponent({
  name: "AskfirstEmbed",
  inheritAttrs: false,
  props: {
    purpose: { type: String, required: true },
    src: { type: String, required: true },
    title: { type: String, required: true },
  },
  setup(props, { attrs }) {
    // biome-ignore lint/correctness/useHookAtTopLevel: a composable of Vue is no hook of React
    useConsent();
    // Not before: what stands beside a frame that waits would be in the way of taking over what a server rendered.
    const isTakenOver = ref(false);
    onMounted(async () => {
      isTakenOver.value = true;
      await nextTick();
      begin().refresh();
    });
    // An element around it, so that what is put beside the frame goes with it.
    return () => {
      const { purpose, src, title } = props;
      const waits = isTakenOver.value ? { "data-purpose": purpose } : {};
      return h("div", h("iframe", { ...attrs, title, ...waits, "data-src": src }));
    };
  },
});
