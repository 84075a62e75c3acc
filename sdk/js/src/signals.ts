/** What the browser says by itself: Global Privacy Control (W3C), Do Not Track. */
import type { Signals } from "./api.ts";

export function signals(): Signals {
  const { globalPrivacyControl, doNotTrack } = navigator as Navigator & {
    globalPrivacyControl?: unknown;
    doNotTrack?: unknown;
  };
  return { gpc: globalPrivacyControl === true, dnt: doNotTrack === "1" };
}
