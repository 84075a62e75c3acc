"""The notice as the site shows it, with a real Chromium: fair, readable, reachable, complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.browsers import chromium_path
from tests.unit.doctor.sites import ids, site, tide, visit

pytestmark = pytest.mark.browser
# The notice is in the browser's top layer: only what comes there after it lies over it.
COVER = """<div id=chat popover=manual style="inset:auto 0 0 0;margin:0;width:100%;height:50vh">
</div>
<script>
const again = () => document.querySelector("#askfirst-notice:popover-open")
  ? chat.showPopover() : requestAnimationFrame(again);
again();
</script>"""
TRAP = """<button id=trap>Menu</button><script>
addEventListener("focusin", ({ target }) => target.id === "trap" || trap.focus())
</script>"""


@pytest.fixture(autouse=True)
def chromium() -> str:
    """Skips, or fails under CI, where there is none."""
    return chromium_path()


def style(rule: str) -> str:
    return f"<style>{rule}</style>"


ACCEPT = "#askfirst-notice button[value=accept_all]"


@pytest.mark.parametrize(
    ("body", "wanted", "found"),
    [
        (style(f"{ACCEPT} {{font-size: 30px !important}}"), {"D026"}, "1280 × 800, light: "),
        (style(f"{ACCEPT} {{background: #050 !important}}"), {"D026"}, "rgb(0, 85, 0)"),
        (
            style("#askfirst-notice h2 {color: #999 !important}"),
            {"D027"},
            "320 × 640, dark: ",
        ),
        (COVER, {"D028"}, "lies div#chat"),
        (TRAP, {"D029"}, "Tab does not lead to "),
        (style("#askfirst-notice ul {display: none !important}"), {"D030"}, "statistics"),
    ],
    ids=["larger", "painted", "faint", "covered", "trapped", "without purposes"],
)
def test_what_a_site_does_to_it_is_named(
    body: str, wanted: set[str], found: str, tmp_path: Path
) -> None:
    """D026 to D030: styles and scripts of the site's own, seen at three sizes, light and dark."""
    with tide(tmp_path, site(body)) as origin:
        report = visit(origin, browser=True)
    assert ids(report) == wanted
    assert any(found in each.found for each in report.findings), report.findings
    assert report.exit_code(strict=False) == 2
