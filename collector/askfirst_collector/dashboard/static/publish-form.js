// The notice beside the form as it changes. Without this, the button beside it does the same.
const form = document.getElementById("policy");
const button = document.getElementById("show-notice");
let waiting;
form.addEventListener("input", (event) => {
  // What is not of the policy changes no notice.
  if (/^(when|date|time|new\.)/.test(event.target.name)) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => form.requestSubmit(button), 400);
});
