/** How quick the page is, by web-vitals: told of each change, as the last one counts. Loaded only where it is asked for. */
import { type Metric, onCLS, onINP, onLCP } from "web-vitals";

/** What vitals.js exports. */
export interface VitalsModule {
  /** `changed` is called with "lcp", "inp" or "cls", and "good", "needs-improvement" or "poor". */
  readonly vitals: (changed: (name: string, rating: string) => void) => void;
}

export const vitals: VitalsModule["vitals"] = (changed) => {
  for (const measure of [onLCP, onINP, onCLS])
    measure(({ name, rating }: Metric) => changed(name.toLowerCase(), rating), { reportAllChanges: true });
};
