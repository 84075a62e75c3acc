/** The cases that Python decided (scripts/vectors). Tests run from the root of the checkout. */
import { readFileSync } from "node:fs";

export const vectors = (
  name: "scope" | "state" | "consent" | "pages" | "addresses" | "placed" | "events" | "consents",
): unknown => JSON.parse(readFileSync(`tests/vectors/${name}.json`, "utf8"));
