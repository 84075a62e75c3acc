"""The notice as the site shows it: measured in a browser at three sizes, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SIZES = ((1280, 800), (768, 1024), (320, 640))
SCHEMES = ("light", "dark")
PATIENCE = 10_000  # milliseconds until a notice is there
SETTLED = 1_000  # milliseconds that styles, and what else the page shows, have to come after it
MOST_TABS = 300

# The lengths are in CSS pixels. A colour that is not opaque is laid over what is behind it.
MEASURE = r"""
async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  await frame();
  const notice = document.getElementById("askfirst-notice");
  if (!notice?.checkVisibility()) return null;
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => below.map((v, i) => top[i] * top[3] + v * (1 - top[3]));
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      layers.unshift(rgba(getComputedStyle(at).backgroundColor));
    }
    return layers.reduce((below, top) => over(top, below), rgba("Canvas").slice(0, 3));
  };
  const texts = [];
  const walker = document.createTreeWalker(notice, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    const isShown = element.checkVisibility({ visibilityProperty: true });
    if (!text || !isShown || !element.getClientRects().length) continue;
    const back = behind(element);
    const [a, b] = [light(over(rgba(getComputedStyle(element).color), back)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    texts.push([text.slice(0, 60), Math.round(ratio * 100) / 100]);
  }
  const named = (element) => {
    const id = element.id ? `#${element.id}` : "";
    return element.localName + id + [...element.classList].map((name) => `.${name}`).join("");
  };
  const cover = (element, { left, top, right, bottom }) => {
    const isInside = left > -1 && top > -1 && right < innerWidth + 1 && bottom < innerHeight + 1;
    if (!isInside) return "the edge of the window";
    const front = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    return !front || element.contains(front) ? null : named(front);
  };
  const buttons = [...notice.querySelectorAll(".askfirst-actions button")].map((button) => {
    const style = getComputedStyle(button);
    const box = button.getBoundingClientRect();
    return {
      text: button.innerText.trim(),
      width: Math.round(box.width),
      height: Math.round(box.height),
      paint: [style.fontSize, style.fontWeight, style.color, style.backgroundColor],
      cover: cover(button, box),
    };
  });
  const controls = "a[href],button,input,select,textarea,summary,iframe,[tabindex]";
  const isSeen = (link) => [...notice.querySelectorAll(link)].some((a) => a.checkVisibility());
  return {
    texts,
    buttons,
    focusable: document.querySelectorAll(controls).length,
    words: notice.innerText.replace(/\s+/g, " "),
    policy: isSeen("a[href*='/askfirst/policy']"),
    choices: isSeen("[data-askfirst='choices']"),
  };
}
"""
FOCUSED = """
() => [...document.querySelectorAll("#askfirst-notice .askfirst-actions button")]
  .indexOf(document.activeElement)
"""


@dataclass(frozen=True)
class Button:
    """One of the two answers: its box in pixels, how it is painted, what lies over its middle."""

    text: str
    width: int
    height: int
    paint: tuple[str, ...]  # size and weight of its letters, their colour, and what is behind them
    cover: str | None


@dataclass(frozen=True)
class NoticeLook:
    """The notice of a page at one size: `reached` are the buttons that Tab leads to."""

    path: str
    size: str  # as "320 × 640, dark"
    buttons: tuple[Button, ...]
    contrasts: tuple[tuple[str, float], ...]  # text, ratio (WCAG 2.2, 1.4.3)
    words: str
    links: frozenset[str]  # of "policy" and "choices", those that are seen
    reached: frozenset[int] | None = None  # looked at once, at the first size


def notice_looks(browser: Any, origin: str, path: str) -> Iterator[NoticeLook]:
    """Open the page light and dark, in a profile of its own each, and measure at each size."""
    by_keyboard = True
    for scheme in SCHEMES:
        context = browser.new_context(color_scheme=scheme, reduced_motion="reduce")
        page = context.new_page()
        page.goto(origin + path, wait_until="load")
        if _is_shown(page):
            for width, height in SIZES:
                page.set_viewport_size({"width": width, "height": height})
                measured = page.evaluate(MEASURE)
                if measured is not None:
                    reached = _tabbed(page, measured) if by_keyboard else None
                    by_keyboard = False
                    yield _look(path, f"{width} × {height}, {scheme}", measured, reached)
        context.close()


def _is_shown(page: Any) -> bool:
    from playwright.sync_api import TimeoutError as TooLate

    try:
        page.locator("#askfirst-notice .askfirst-actions button").first.wait_for(timeout=PATIENCE)
    except TooLate:
        return False  # D017 says so
    page.wait_for_timeout(SETTLED)
    return True


def _tabbed(page: Any, measured: dict[str, Any]) -> frozenset[int]:
    reached: set[int] = set()
    for _ in range(min(measured["focusable"] + 5, MOST_TABS)):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(FOCUSED))
        if len(reached - {-1}) == len(measured["buttons"]):
            break
    return frozenset(reached - {-1})


def _look(
    path: str, size: str, measured: dict[str, Any], reached: frozenset[int] | None
) -> NoticeLook:
    buttons = tuple(
        Button(
            button["text"],
            button["width"],
            button["height"],
            tuple(button["paint"]),
            button["cover"],
        )
        for button in measured["buttons"]
    )
    return NoticeLook(
        path,
        size,
        buttons,
        tuple((text, ratio) for text, ratio in measured["texts"]),
        measured["words"],
        frozenset(name for name in ("policy", "choices") if measured[name]),
        reached,
    )
