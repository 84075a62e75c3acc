/** A line of the page ahead of every tag: what their words stand for is in its attributes. */
import { GROUPS, type Purposes, start } from "./consent_mode.ts";
import { currentScript } from "./native.ts";
import { safely } from "./safely.ts";
import { words } from "./words.ts";

// A page that broke what we use: its tags were told nothing, and none of them may run before a grant.
void safely(() => {
  const { dataset } = currentScript() as HTMLScriptElement;
  start(Object.fromEntries(GROUPS.map((group) => [group, words(dataset[group])])) as Purposes);
});
