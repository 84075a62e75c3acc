/** Tells the other tabs of this origin that the answer may be another one, and is told by them. Nothing is stored. */

/** Calls `changed` when another tab tells, when this one is looked at again, and when it comes out of the cache. */
export function followTabs(changed: () => void, restored: () => void): () => void {
  let channel: BroadcastChannel | undefined;
  const open = (): void => {
    if (typeof BroadcastChannel !== "function") return;
    channel = new BroadcastChannel("askfirst");
    channel.onmessage = changed;
  };
  open();
  document.addEventListener("visibilitychange", changed);
  // An open channel keeps a page out of the back-forward cache.
  addEventListener("pagehide", () => channel?.close());
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    open();
    changed();
    restored();
  });
  return () => channel?.postMessage("");
}
