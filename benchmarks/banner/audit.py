"""What a notice does besides taking time: tasks, shifts, storage, keys, axe, a strict policy."""

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
TRACED = 3  # visits; the least counts, as a machine that others use is slow by chance, never fast
TASKS = {"RunTask", "ThreadControllerImpl::RunTask"}  # by version of the browser
# Says when the notice is in a frame, and nothing else.
SEEN = """
window.seen = 0;
const look = () => {
  const box = document.querySelector(SELECTOR)?.getBoundingClientRect();
  if (!box?.height || box.top >= innerHeight) return requestAnimationFrame(look);
  window.seen = performance.now();
  requestAnimationFrame(() => setTimeout(() => console.log("seen")));
};
requestAnimationFrame(look);
"""
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
        "task": f"{min(_longest_task(browser, origin, notice) for _ in range(TRACED)):.1f}",
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


def _longest_task(browser: Browser, origin: str, notice: Notice) -> float:
    """Milliseconds of the processor's time of the longest task up to the notice, at 1×.

    By the clock a task is as long as other programs make it; the driver asks the page of nothing.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.add_init_script(SEEN.replace("SELECTOR", json.dumps(notice.seen)))
    page = context.new_page()
    browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"])
    with page.expect_console_message(lambda message: message.text == "seen", timeout=30_000):
        page.goto(f"{origin}/", wait_until="commit")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    context.close()
    named = [event for event in events if event.get("name") == "thread_name"]
    main = {(e["pid"], e["tid"]) for e in named if e["args"]["name"] == "CrRendererMain"}
    tasks = [e for e in events if e.get("name") in TASKS and (e["pid"], e["tid"]) in main]
    return max(float(task.get("tdur", 0)) for task in tasks) / 1000


def _tabs(page: Page, selector: str) -> str:
    """How often Tab is pressed from the start of the page until the notice has the focus."""
    for count in range(MOST_TABS + 1):
        if page.evaluate(WITHIN.replace("SELECTOR", json.dumps(selector))):
            return str(count)
        page.keyboard.press("Tab")
    return "never"
