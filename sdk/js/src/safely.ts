/**
 * Runs a step of ours; whatever it throws stays here. A failure means: no consent, no telemetry, the page as it was.
 * It awaits rather than calls `then`, which a page may have redefined.
 */
export async function safely<T>(step: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await step();
  } catch {
    return undefined;
  }
}
