// The shop's own script: remembers the last harbour, once that was agreed to.
"use strict";

const harbour = /^\/tables\/([a-z-]+)$/.exec(location.pathname)?.[1];

function remember() {
  if (!window.askfirst?.allows("preferences")) return;
  if (harbour) {
    localStorage.setItem("slackwater.harbour", harbour);
    // biome-ignore lint/suspicious/noDocumentCookie: the demo shows a cookie that a script sets.
    document.cookie = `slackwater_harbour=${harbour}; path=/; max-age=31536000; samesite=lax`;
  }
  const last = localStorage.getItem("slackwater.harbour");
  const select = document.getElementById("harbour");
  if (last && select instanceof HTMLSelectElement) select.value = last;
}

remember();
window.askfirst?.on?.("change", remember);

document.querySelector("form.order")?.addEventListener("submit", (event) => {
  const title = new FormData(event.target).get("title");
  window.askfirst?.track?.("order", { title });
});
