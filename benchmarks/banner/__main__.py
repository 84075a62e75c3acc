"""The notice against those of others: bytes, time to be seen, script time, long tasks.

    npm install --prefix /tmp/peers vanilla-cookieconsent klaro orejime tarteaucitronjs \\
        cookieconsent @mozmeao/consent-banner @mozmeao/cookie-helper @c15t/react react react-dom
    scripts/benchmark banner --peers /tmp/peers [--rounds 7] [--latency 100]

One static page each with three purposes, Chromium, an empty cache, a server that answers after the
latency and sends Brotli; all of them in turn in each round, at 1× and at 4× throttle of the CPU.
Medians. Seen: the first frame in which the notice has a box; nothing moves (reduced motion).
Then once each: the longest task up to the notice (milliseconds of the processor's own time at 1×,
which others on the machine do not lengthen), how much the page shifts, what is kept before an
answer (cookies, storage), how many times Tab is pressed until the notice has the focus, what axe
finds in it, and what a policy without inline scripts and styles, with trusted types, refuses
(scripts in the page are files then).
Silktide's consent manager is not among them: npm has it under no name.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.banner.audit import SEEN, STRICT, audit, strict_files
from benchmarks.banner.pages import TYPES, Notice, ours
from benchmarks.banner.peers import peers
from playwright.sync_api import Browser, sync_playwright

from tests.browser.browsers import chromium_path

PACK = """
const { brotliCompressSync, constants } = require("node:zlib");
const files = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
const bytes = (data) => Buffer.from(data, "base64");
const packed = (data) => brotliCompressSync(bytes(data), options).toString("base64");
process.stdout.write(JSON.stringify(files.map(packed)));
"""
WATCH = """
window.tasks = [];
new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((e) => e.duration)))
  .observe({ type: "longtask", buffered: true });
"""


def packed(bodies: list[bytes]) -> list[bytes]:
    """Each as Brotli at its best."""
    sent = json.dumps([base64.b64encode(body).decode() for body in bodies])
    told = subprocess.run(
        ["node", "-e", PACK], input=sent, stdout=subprocess.PIPE, text=True, check=True
    )
    return [base64.b64decode(one) for one in json.loads(told.stdout)]


class Server:
    """Serves one notice at a time on a port of its own; `sent` are the bytes of bodies."""

    def __init__(self, notice: Notice, latency: float) -> None:
        all_files = {"/": notice.html.encode(), **notice.files, **strict_files(notice)}
        files = dict(zip(all_files, packed(list(all_files.values())), strict=True))
        self.sent: list[int] = []
        sent = self.sent

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body in one packet: two would have the second wait for the delayed
            # acknowledgement of the first, 40 ms an answer on a connection that is used again.
            wbufsize = -1

            def do_GET(self) -> None:
                time.sleep(latency)
                path = self.path.partition("?")[0]
                body = files.get(path, b"")
                sent.append(len(body))
                self.send_response(200 if path in files else 404)
                page = "text/html" if path in ("/", "/strict") else TYPES[".json"]
                self.send_header("content-type", TYPES.get(Path(path).suffix, page))
                if path == "/strict":
                    self.send_header("content-security-policy", STRICT)
                self.send_header("content-length", str(len(body)))
                if body:
                    self.send_header("content-encoding", "br")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://localhost:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Free the port."""
        self._server.shutdown()
        self._server.server_close()


def visit(browser: Browser, server: Server, notice: Notice, rate: int) -> dict[str, float]:
    """One first visit: milliseconds and bytes."""
    server.sent.clear()
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.add_init_script(WATCH + SEEN.replace("SELECTOR", json.dumps(notice.seen)))
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("Emulation.setCPUThrottlingRate", {"rate": rate})
    # Nothing is asked of the page before: what a driver puts into it is a long task too.
    with page.expect_console_message(lambda message: message.text == "seen", timeout=30_000):
        page.goto(f"{server.origin}/", wait_until="commit")
    page.wait_for_load_state("networkidle")
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    tasks = page.evaluate("window.tasks.slice()")
    figures = {
        "seen": page.evaluate("window.seen"),
        "script": metrics["ScriptDuration"] * 1000,
        "long": sum(tasks),
        "bytes": sum(server.sent),
        "requests": len(server.sent),
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
    servers = {name: Server(notice, wanted.latency / 1000) for name, notice in notices.items()}
    got: dict[tuple[str, int], list[dict[str, float]]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        for _ in range(wanted.rounds):
            for rate in (1, 4):
                for name, notice in notices.items():
                    one = visit(browser, servers[name], notice, rate)
                    got.setdefault((name, rate), []).append(one)
        audits = {
            name: audit(browser, servers[name].origin, notice) for name, notice in notices.items()
        }
        browser.close()
    print(f"{'':34} seen ms  script ms  long tasks ms   bytes  requests")
    for (name, rate), all_figures in sorted(got.items(), key=lambda item: (item[0][1], item[0][0])):
        seen, script, long, size, requests = (
            statistics.median(one[key] for one in all_figures)
            for key in ("seen", "script", "long", "bytes", "requests")
        )
        print(
            f"{name:30} {rate}× {seen:9.0f} {script:10.1f} {long:14.0f} {size:7.0f} {requests:9.0f}"
        )
    print(f"\n{'':34}  task shift  kept   tabs  axe; strict policy")
    for name, columns in sorted(audits.items()):
        task, shift, kept, tabs, axe, strict = columns.values()
        print(f"{name:34} {task:>5} {shift} {kept:>5} {tabs:>6}  {axe}; {strict}")
    for server in servers.values():
        server.close()


if __name__ == "__main__":
    main()
