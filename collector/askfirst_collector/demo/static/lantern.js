// "Lantern", a pretend advertising tag. It runs only after marketing was agreed to: see the last line of each page.
"use strict";

{
  const place = document.querySelector("[data-lantern]");
  if (place) {
    // biome-ignore lint/suspicious/noDocumentCookie: an advertising tag sets one.
    document.cookie = "lantern_seen=1; path=/; max-age=2592000; samesite=lax";
    const label = document.createElement("p");
    label.className = "ad-label";
    label.textContent = "Advertisement, by your leave";
    const text = document.createElement("p");
    text.textContent = "Hollow Haven Chandlery: oilskins re-proofed while you wait. Next to the slip.";
    place.replaceChildren(label, text);
    place.hidden = false;
  }
}
