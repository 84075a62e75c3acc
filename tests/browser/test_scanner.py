"""What a scanner of notices, as it is installed, says of a page with ours."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.browser.browsers import missing, shell_path
from tests.browser.notice_site import Site, policy
from tests.browser.sdk.test_built_sites import run

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(600)]
PACKAGE = "@slashgear/gdpr-cookie-scanner"
VERSION = "3.8.2"


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scanner's folder; it is told which browser is here."""
    folder = tmp_path_factory.mktemp("scanner")
    (folder / "package.json").write_text(json.dumps({"dependencies": {PACKAGE: VERSION}}), "utf-8")
    options = ("--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts")
    installed = run(folder, "npm", "install", *options)
    if installed.returncode:
        missing(f"the scanner cannot be had: {installed.stderr[-300:]}")
    launcher = folder / "node_modules" / PACKAGE / "dist/scanner/browser.js"
    text = launcher.read_text("utf-8")
    launch = "chromium.launch({"
    assert text.count(launch) == 1
    told = text.replace(launch, f"{launch} executablePath: {json.dumps(shell_path())},")
    launcher.write_text(told, "utf-8")
    return folder


def scanned(scanner: Path, address: str) -> tuple[str, list[str]]:
    """Its grade, and what it has to say."""
    command = ["node", f"node_modules/{PACKAGE}/dist/cli.js", "scan", address]
    options = ["--output", "out", "--format", "json", "--locale", "en-US"]
    done: subprocess.CompletedProcess[str] = run(scanner, *command, *options)
    assert done.returncode == 0, done.stderr
    (report,) = (scanner / "out").rglob("*.json")
    compliance = json.loads(report.read_text("utf-8"))["compliance"]
    report.unlink()
    return compliance["grade"], [issue["description"] for issue in compliance["issues"]]


def test_it_gives_the_best_grade(site: Site, scanner: Path) -> None:
    """S01: with the server's notice and the script's, whoever else receives something or nobody."""
    document = policy()
    for recipients in (document["purposes"]["marketing"]["recipients"], []):
        document["purposes"]["marketing"]["recipients"] = recipients
        site.start(document)
        for helper in (0, 1):
            found = scanned(scanner, f"{site.address}/?helper={helper}")
            assert found == ("A", []), (recipients, helper)
        site.stop()
