/** askfirst for Vue: a plugin, a composable, and a gate around what waits for consent. Renders on a server as unanswered. */
import { type Plugin, type ShallowRef } from "vue";
import type { Askfirst, ConsentView } from "../src/api.js";
import type { InitOptions } from "./index.js";
export interface Consent extends Pick<Askfirst, "track" | "show"> {
    readonly consent: Readonly<ShallowRef<ConsentView>>;
    /** Whether all of these purposes, with spaces between them, are allowed. */
    readonly allows: (purposes: string) => boolean;
}
/** `app.use(askfirst, options)`; without it askfirst starts with the first composable or gate, with no options. */
export declare const askfirst: Plugin<[InitOptions?]>;
/** To be called in `setup`. */
export declare function useConsent(): Consent;
/** Its default slot where the purpose is allowed, else the slot `fallback`. */
export declare const Gate: import("vue").DefineComponent<import("vue").ExtractPropTypes<{
    purpose: {
        type: StringConstructor;
        required: true;
    };
}>, () => import("vue").VNode<import("vue").RendererNode, import("vue").RendererElement, {
    [key: string]: any;
}>[] | undefined, {}, {}, {}, import("vue").ComponentOptionsMixin, import("vue").ComponentOptionsMixin, {}, string, import("vue").PublicProps, Readonly<import("vue").ExtractPropTypes<{
    purpose: {
        type: StringConstructor;
        required: true;
    };
}>> & Readonly<{}>, {}, {}, {}, {}, string, import("vue").ComponentProvideOptions, true, {}, any>;
/** A frame that waits for its purpose; in its place stands who would receive what. */
export declare const Embed: import("vue").DefineComponent<import("vue").ExtractPropTypes<{
    purpose: {
        type: StringConstructor;
        required: true;
    };
    src: {
        type: StringConstructor;
        required: true;
    };
    title: {
        type: StringConstructor;
        required: true;
    };
}>, () => import("vue").VNode<import("vue").RendererNode, import("vue").RendererElement, {
    [key: string]: any;
}>, {}, {}, {}, import("vue").ComponentOptionsMixin, import("vue").ComponentOptionsMixin, {}, string, import("vue").PublicProps, Readonly<import("vue").ExtractPropTypes<{
    purpose: {
        type: StringConstructor;
        required: true;
    };
    src: {
        type: StringConstructor;
        required: true;
    };
    title: {
        type: StringConstructor;
        required: true;
    };
}>> & Readonly<{}>, {}, {}, {}, {}, string, import("vue").ComponentProvideOptions, true, {}, any>;
