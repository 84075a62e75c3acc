/** A line of the page ahead of every tag: `__gpp`, with the purposes that its attribute names. */
import { start } from "./gpp.ts";
import { currentScript } from "./native.ts";
import { safely } from "./safely.ts";
import { words } from "./words.ts";

void safely(() => start(words((currentScript() as HTMLScriptElement).dataset["ads"])));
