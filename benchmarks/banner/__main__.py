"""The notice against those of others: bytes, time to be seen, script time, long tasks.

    npm install --prefix /tmp/peers vanilla-cookieconsent klaro orejime tarteaucitronjs \\
        cookieconsent @mozmeao/consent-banner @mozmeao/cookie-helper @c15t/react react react-dom
    scripts/benchmark banner --peers /tmp/peers [--rounds 7] [--latency 100]

One static page each with three purposes, Chromium, an empty cache, a server that answers after the
latency and sends Brotli; all of them in turn in each round, at 1× and at 4× throttle of the CPU.
Medians. Seen: the first frame in which the notice has a box; nothing moves (reduced motion).
Trip: what one round trip took on the same visits, from the request of the page's slowest file to
its last byte: the latency, and what browser, server and machine add to it.
Then once each: the longest task up to the notice (milliseconds of the processor's own time at 1×,
which others on the machine do not lengthen), how much the page shifts, what is kept before an
answer (cookies, storage), how many times Tab is pressed until the notice has the focus, what axe
finds in it, and what a policy without inline scripts and styles, with trusted types, refuses
(scripts in the page are files then).
Silktide's consent manager is not among them: npm has it under no name.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

from benchmarks.banner.audit import SEEN, audit
from benchmarks.banner.pages import Notice, ours
from benchmarks.banner.peers import peers
from benchmarks.banner.server import served
from playwright.sync_api import Browser, sync_playwright

from tests.browser.browsers import chromium_path

WATCH = """
window.tasks = [];
new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((e) => e.duration)))
  .observe({ type: "longtask", buffered: true });
"""
LOADED = """() => {
  const files = ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type));
  return files.map((e) => [e.encodedBodySize, e.responseEnd - e.requestStart]);
}"""


def visit(browser: Browser, origin: str, notice: Notice, rate: int) -> dict[str, float]:
    """One first visit: milliseconds and bytes."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.add_init_script(WATCH + SEEN.replace("SELECTOR", json.dumps(notice.seen)))
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("Emulation.setCPUThrottlingRate", {"rate": rate})
    # Nothing is asked of the page before: what a driver puts into it is a long task too.
    with page.expect_console_message(lambda message: message.text == "seen", timeout=30_000):
        page.goto(f"{origin}/", wait_until="commit")
    page.wait_for_load_state("networkidle")
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    tasks = page.evaluate("window.tasks.slice()")
    sizes, trips = zip(*page.evaluate(LOADED), strict=True)
    figures = {
        "seen": page.evaluate("window.seen"),
        "script": metrics["ScriptDuration"] * 1000,
        "long": sum(tasks),
        "bytes": sum(sizes),
        "requests": len(sizes),
        "trip": max(trips),
    }
    context.close()
    return figures


def main() -> None:
    """Measure each in turn, and print the medians."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--peers", type=Path, required=True)
    reading.add_argument("--rounds", type=int, default=7)
    reading.add_argument("--latency", type=int, default=100)  # milliseconds
    wanted = reading.parse_args()
    notices = ours() | peers(wanted.peers)
    got: dict[tuple[str, int], list[dict[str, float]]] = {}
    latency = wanted.latency / 1000
    with served(notices, latency) as origins, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        for _ in range(wanted.rounds):
            for rate in (1, 4):
                for name, notice in notices.items():
                    one = visit(browser, origins[name], notice, rate)
                    got.setdefault((name, rate), []).append(one)
        audits = {name: audit(browser, origins[name], notice) for name, notice in notices.items()}
        browser.close()
    print(f"{'':34} seen ms  trip ms  script ms  long tasks ms   bytes  requests")
    for (name, rate), all_figures in sorted(got.items(), key=lambda item: (item[0][1], item[0][0])):
        seen, trip, script, long, size, requests = (
            statistics.median(one[key] for one in all_figures)
            for key in ("seen", "trip", "script", "long", "bytes", "requests")
        )
        print(
            f"{name:30} {rate}× {seen:9.0f} {trip:8.0f} {script:10.1f} {long:14.0f} "
            f"{size:7.0f} {requests:9.0f}"
        )
    print(f"\n{'':34}  task shift  kept   tabs  axe; strict policy")
    for name, columns in sorted(audits.items()):
        task, shift, kept, tabs, axe, strict = columns.values()
        print(f"{name:34} {task:>5} {shift} {kept:>5} {tabs:>6}  {axe}; {strict}")


if __name__ == "__main__":
    main()
