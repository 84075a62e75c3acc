"""What a notice does besides taking time: shifts, storage, keyboard, axe, a strict policy."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from benchmarks.banner.pages import Notice
from playwright.sync_api import Browser, BrowserContext, Page
from playwright.sync_api import TimeoutError as Late

from tests.conftest import ROOT

AXE = ROOT / "node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The strictest that a page can have; the icon of the page is written into it.
STRICT = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self' data:; form-action 'self'; require-trusted-types-for 'script'"
)
MOST_TABS = 30
WATCH = """
window.shift = 0; window.refused = new Set();
new PerformanceObserver((list) => { for (const e of list.getEntries()) window.shift += e.value; })
  .observe({ type: "layout-shift", buffered: true });
addEventListener("securitypolicyviolation", (e) => window.refused.add(e.effectiveDirective));
"""
RUN_AXE = """async ([selector, tags]) =>
  (await axe.run(selector, { runOnly: { type: "tag", values: tags } }))
    .violations.map((violation) => violation.id)"""
KEPT = "Object.keys(localStorage).length + Object.keys(sessionStorage).length"
WITHIN = "document.querySelector(SELECTOR).contains(document.activeElement)"


def strict_files(notice: Notice) -> Mapping[str, bytes]:
    """The page at `/strict` without a script in it: each is a file of the site's own there."""
    files: dict[str, bytes] = {}

    def out(match: re.Match[str]) -> str:
        path = f"/inline-{len(files)}.js"
        files[path] = match[1].encode()
        return f'<script src="{path}"></script>'

    html = re.sub(r"<script>(.*?)</script>", out, notice.html, flags=re.DOTALL)
    return {"/strict": html.encode(), **files}


def audit(browser: Browser, origin: str, notice: Notice) -> dict[str, str]:
    """By column, as it is to be printed."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.add_init_script(WATCH)
    page = _open(context, f"{origin}/", notice.seen)
    shift = page.evaluate("window.shift")
    kept = len(context.cookies()) + page.evaluate(KEPT)
    tabs = _tabs(page, notice.seen)
    page.add_script_tag(path=AXE)
    violations = page.evaluate(RUN_AXE, [notice.seen, TAGS])
    context.close()

    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.add_init_script(WATCH)
    try:
        page = _open(context, f"{origin}/strict", notice.seen)
        is_shown = True
    except Late:
        page, is_shown = context.pages[0], False
    refused = sorted(page.evaluate("[...window.refused]"))
    context.close()
    return {
        "shift": f"{shift:.3f}",
        "kept": str(kept),
        "tabs": tabs,
        "axe": ", ".join(violations) or "-",
        "strict policy": ("" if is_shown else "not shown: ") + (", ".join(refused) or "-"),
    }


def _open(context: BrowserContext, address: str, selector: str) -> Page:
    page = context.new_page()
    page.goto(address, wait_until="load")
    page.locator(selector).first.wait_for(timeout=5_000)
    page.wait_for_load_state("networkidle")
    return page


def _tabs(page: Page, selector: str) -> str:
    """How often Tab is pressed from the start of the page until the notice has the focus."""
    for count in range(MOST_TABS + 1):
        if page.evaluate(WITHIN.replace("SELECTOR", json.dumps(selector))):
            return str(count)
        page.keyboard.press("Tab")
    return "never"
