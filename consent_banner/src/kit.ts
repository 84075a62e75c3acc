/** What notice.js lends to the parts that are loaded after it: their imports from here are imports of that file. */
export { wait } from "../../sdk/js/src/busy.ts";
export { at, count, day, listed, minimumAge, sharedDetail, textOf } from "./describe.ts";
export { type Child, el, own } from "./element.ts";
export { signalLine } from "./first.ts";
export { address, button, fields, form, problem, tooYoung, unanswered, withdrawal, withReturn } from "./form.ts";
export { changes, sellsTag } from "./item.ts";
export { isOwn, recipientsOf } from "./placed.ts";
export { isolated, type Words } from "./words.ts";
