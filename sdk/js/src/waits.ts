/**
 * What an element waits for: `data-purpose` (or `data-category`, as other tools spell it) names purposes, `!purpose` one
 * that was settled as not allowed; `data-service` names a recipient of the policy.
 */
import type { ConsentView, Published } from "./api.ts";

const SERVICE = "service:";

/** The names that all have to hold; none, and it waits for ever. */
export function waitsFor({ dataset }: HTMLElement): string[] {
  const { purpose, category, service } = dataset;
  const names = (purpose ?? category ?? "").split(/[\s,]+/).filter(Boolean);
  return service ? [...names, SERVICE + service] : names;
}

/** Whether one of those names holds under this consent. */
export function holds({ policy }: Published, { scopes, asks }: ConsentView, name: string): boolean {
  return Object.entries(policy.purposes).some(([purpose, { recipients }]) => {
    const isAllowed = Object.hasOwn(scopes, purpose);
    if (name === purpose) return isAllowed;
    // Whoever is new to a purpose receives nothing under an answer from before: there it is still to be asked about.
    if (asks.some((question) => question.purpose === purpose)) return false;
    return isAllowed ? recipients.some((recipient) => name === SERVICE + recipient.name) : name === `!${purpose}`;
  });
}
