/**
 * The contract of events and answers once more, so that what the scripts send can be held to it. That it is the same
 * contract is what the vectors say: contract.test.ts reads each of them.
 */
import { vectors } from "./vectors.ts";

export interface Vector {
  readonly name: string;
  readonly text?: string;
  readonly status: number;
  readonly reason?: string;
  readonly dropped?: readonly (readonly [index: number, reason: string])[];
  readonly beyond_schema?: boolean;
}

interface File {
  readonly limits: Readonly<Record<string, number>>;
  readonly vectors: readonly Vector[];
}

export const events = vectors("events") as File;
export const consents = vectors("consents") as File;

const limit = (name: string): number => events.limits[name] ?? Number.NaN;
const is = Object.hasOwn;
type Table = Readonly<Record<string, unknown>>;
const isTable = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): boolean => typeof value === "string" && [...value].length <= limit("TEXT");
const isFlag = (value: unknown): boolean => typeof value === "boolean";
const isBatch = (value: unknown): boolean => typeof value === "string" && /^[A-Za-z0-9_-]{22}$/.test(value);
const isName = (name: string): boolean => /^[a-z][a-z0-9_-]{0,39}(\/[a-z][a-z0-9_-]{0,39})?$/.test(name);
const isShort = (value: unknown): boolean =>
  typeof value === "string" && value.length <= limit("SHORT") && /^[\x20-\x7e]*$/.test(value);
const only = (table: Table, keys: readonly string[]): boolean => Object.keys(table).every((key) => keys.includes(key));
const optional = (table: Table, key: string, holds: (value: unknown) => boolean): boolean =>
  !is(table, key) || holds(table[key]);

/** Why a page's batch is refused, or for each event whether it is by the contract. */
export function readBatch(body: unknown, site: string): string | readonly boolean[] {
  if (!isTable(body)) return "bad-shape";
  if (body["v"] !== 1) return "unknown-version";
  const texts = ["site", "collector", "vouch"];
  const flags = ["gpc", "dnt"];
  if (!only(body, ["v", "batch", "events", "handle", "secret", ...texts, ...flags])) return "unknown-field";
  const { events: list } = body;
  if (!isBatch(body["batch"]) || !Array.isArray(list) || list.length === 0) return "bad-shape";
  if (list.length > limit("EVENTS")) return "too-many-events";
  if (!texts.every((key) => optional(body, key, isText))) return "bad-shape";
  if (!flags.every((key) => optional(body, key, isFlag))) return "bad-shape";
  if (body["handle"] != null || body["secret"] != null) return "bad-shape";
  return ["", site].includes(String(body["site"] ?? "")) ? list.map(isEvent) : "bad-shape";
}

function isEvent(value: unknown): boolean {
  if (!isTable(value) || !only(value, ["purpose", "type", ...Object.keys(FIELDS)])) return false;
  const { purpose, type } = value;
  if (typeof purpose !== "string" || purpose.length > limit("PURPOSE")) return false;
  if (type !== "page_view" && type !== "action") return false;
  return Object.entries(FIELDS).every(([name, holds]) => optional(value, name, holds));
}

const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  page: isText,
  referrer: (value) => value === null || isText(value),
  screen: (value) =>
    ["phone", "tablet", "desktop", "tv"].includes(value as string) ||
    (Array.isArray(value) && value.length === 2 && value.every(Number.isInteger)),
  cookies: (value) =>
    isTable(value) &&
    only(value, ["enabled", "names"]) &&
    optional(value, "enabled", isFlag) &&
    optional(
      value,
      "names",
      (names) => Array.isArray(names) && names.length <= limit("COOKIE_NAMES") && names.every(isText),
    ),
  action: (value) =>
    isTable(value) &&
    only(value, ["name", "properties"]) &&
    isText(value["name"]) &&
    optional(
      value,
      "properties",
      (all) => isTable(all) && Object.entries(all).every(([name, one]) => isText(name) && isProperty(one)),
    ),
};

const isProperty = (value: unknown): boolean =>
  value === null || typeof value === "number" || typeof value === "boolean" || isText(value);

/** Why an answer is refused for its shape; undefined where it is not. */
export function readAnswer(body: unknown): string | undefined {
  if (!isTable(body)) return "bad-shape";
  if (body["v"] !== 1 && body["v"] !== 2) return "unknown-version";
  if (!only(body, ["v", "edition", "lang", "method", "choices", "adult"])) return "unknown-field";
  const texts = ["edition", "lang"].every((key) => optional(body, key, isShort));
  const method = ["accept_all", "reject_all", "save", "withdraw"].includes(body["method"] as string);
  const whole =
    texts &&
    method &&
    optional(body, "adult", isFlag) &&
    optional(body, "choices", (choices) => areChoices(choices, body["v"] === 1 ? 3 : 2));
  return whole ? undefined : "bad-shape";
}

const areChoices = (value: unknown, most: number): boolean =>
  isTable(value) &&
  Object.keys(value).length <= limit("CHOICES") &&
  Object.entries(value).every(
    ([name, detail]) => isName(name) && [0, 1, 2, 3].slice(0, most + 1).includes(detail as number),
  );
