"""Take the pictures of the README: the notice on the demo's shop, the dashboard after two weeks.

Needs Chromium (CHROMIUM names another one) and the test group's Playwright.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path
from random import Random

import uvicorn
from playwright.sync_api import Browser, sync_playwright

from askfirst_collector.demo.chain import demo_policy, demo_sites
from askfirst_collector.demo.simulate import simulate
from askfirst_collector.demo.site import demo_collector, demo_site
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.links import create_set_up_link

IMAGES = Path(__file__).resolve().parent.parent / "docs/images"
VISITS = 5000
PASSWORD = "only for the pictures"


def take(browser: Browser, origin: str, token: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{origin}/")
    page.wait_for_selector("#askfirst-notice")
    page.screenshot(path=IMAGES / "notice.png")
    page.goto(f"{origin}/askfirst/host/setup?token={token}")
    for field, value in (("name", "admin"), ("password", PASSWORD), ("again", PASSWORD)):
        page.fill(f"#{field}", value)
    page.click("button.primary")
    page.wait_for_selector(".kpis")
    page.goto(f"{origin}/askfirst/host/sites/slackwater?range=28d&compare=none")
    page.set_viewport_size({"width": 1280, "height": 1180})
    page.screenshot(path=IMAGES / "dashboard.png")


def main() -> None:
    chromium = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    if chromium is None:
        raise SystemExit("There is no Chromium on the PATH; set CHROMIUM to one.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as listener:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        policy = demo_policy([origin])
        print(f"Inventing {VISITS} visits …")
        simulate(Path(name), demo_sites([origin]), VISITS, now=time.time(), chance=Random(1987))
        collector = demo_collector(Path(name))
        site = demo_site(collector, policy)
        server = uvicorn.Server(uvicorn.Config(site, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        parts = collector.parts()
        token = create_set_up_link(parts, ON_THE_MACHINE)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox"] if os.geteuid() == 0 else []
                )
                take(browser, origin, token)
                browser.close()
        finally:
            server.should_exit = True
            thread.join()
            collector.close()


if __name__ == "__main__":
    main()
