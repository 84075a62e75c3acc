"""The notice as the site shows it, with a real Chromium: fair, readable, reachable, complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.browsers import shell_path
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
    return shell_path()


def style(rule: str) -> str:
    return f"<style>{rule}</style>"


ACCEPT = "#askfirst-notice button[value=accept_all]"


def named(folder: Path, *bodies: str) -> dict[str, list[str]]:
    """What the doctor finds on a site with all of this in its page, by the findings' ids."""
    with tide(folder, site("".join(bodies))) as origin:
        report = visit(origin, browser=True)
    assert report.exit_code(strict=False) == 2
    return {
        id: [each.found for each in report.findings if each.id.endswith(id)] for id in ids(report)
    }


def test_what_the_styles_of_a_site_do_to_it_is_named(tmp_path: Path) -> None:
    """D026, D027, D030: unequal buttons, faint words, hidden purposes, at three sizes and dark."""
    found = named(
        tmp_path,
        style(f"{ACCEPT} {{font-size: 30px !important; background: #050 !important}}"),
        style("#askfirst-notice h2 {color: #999 !important}"),
        style("#askfirst-notice ul {display: none !important}"),
    )
    assert set(found) == {"D026", "D027", "D030"}
    assert any("1280 × 800, light: " in each for each in found["D026"]), found
    assert any("rgb(0, 85, 0)" in each for each in found["D026"]), found
    assert any("320 × 640, dark: " in each for each in found["D027"]), found
    assert any("statistics" in each for each in found["D030"]), found


def test_what_a_site_lays_over_it_is_named(tmp_path: Path) -> None:
    """D028, D029: something lies over its buttons, and the keyboard does not lead to them."""
    found = named(tmp_path, COVER, TRAP)
    assert set(found) == {"D028", "D029"}
    assert any("lies div#chat" in each for each in found["D028"]), found
    assert any("Tab does not lead to " in each for each in found["D029"]), found
