// Sliders over the selects of the host policy. A select is what the form sends, script or not.
for (const select of document.querySelectorAll("select[data-slider]")) {
  const range = document.createElement("input");
  const said = document.createElement("span");
  said.className = "said";
  range.type = "range";
  range.min = "0";
  range.max = String(select.options.length - 1);
  range.setAttribute("aria-label", select.getAttribute("aria-label"));
  const show = () => {
    const words = select.options[select.selectedIndex].text;
    range.value = String(select.selectedIndex);
    range.setAttribute("aria-valuetext", words);
    said.textContent = words;
  };
  range.addEventListener("input", () => {
    select.selectedIndex = Number(range.value);
    show();
  });
  // A page that comes back has the values it was left with.
  addEventListener("pageshow", show);
  select.hidden = true;
  select.before(range, said);
  show();
}
