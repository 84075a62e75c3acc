/** Scopes as a lattice: the meet of two, the two details, and generalising. The same rules as terms/lattice.py. */
import type { Scope } from "./api.ts";

/** A value, one part a level, coarse to fine. */
export type Value = readonly string[];

const positive = (entries: [string, number][]): Scope => Object.fromEntries(entries.filter(([, level]) => level > 0));

/** The coarser level of each attribute. */
export const meet = (a: Scope, b: Scope): Scope =>
  positive(Object.entries(a).map(([name, level]) => [name, Math.min(level, b[name] ?? 0)]));

/** The scope that a visitor agreed to who chose this detail; anything but 1 and 2 is none. */
export const atDetail = (scope: Scope, detail: number): Scope =>
  positive(Object.entries(scope).map(([name, level]) => [name, levelAt(name, level, detail)]));

function levelAt(name: string, level: number, detail: number): number {
  if (detail === 2) return level;
  return detail === 1 && name !== "user_id" ? Math.min(level, 1) : 0;
}

/** Every value cut to its level; what is at level 0, or is empty, is left out. */
export const generalise = (scope: Scope, values: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(values)
      .map(([name, value]): [string, Value] => [name, value.slice(0, scope[name] ?? 0)])
      .filter(([, value]) => value.length > 0),
  );
