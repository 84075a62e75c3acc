/** Calls `begin` once the page is parsed and somebody sees it: not while it is only prerendered (M41). */
export function whenSeen(begin: () => void): void {
  const { prerendering } = document as Document & { prerendering?: boolean };
  if (prerendering) document.addEventListener("prerenderingchange", begin, { once: true });
  else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin, { once: true });
  else begin();
}
