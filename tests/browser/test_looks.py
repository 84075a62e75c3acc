"""Notice and choices look as they did: compared coarsely, so that no font's edges count.

Where a change is meant: `python -m tests.browser.looks --references`, and look at what changed.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.looks import COMPARED, REFERENCES, SCALE, Look, looks, picture, shrunk

pytestmark = [pytest.mark.browser, pytest.mark.long]
CELL = 16  # pixels on a side: as large as a letter, so that a cell is the grey of its text
APART = 16  # of 255: the least by which a cell looks another
MOST = 0.01  # share of cells that may
# How wide letters are in the fonts of the references (DejaVu Sans and Serif), in CSS pixels.
LETTERS = {"system-ui": 1022.171875, "serif": 1041.703125}
LOOKS = {look.name: look for look in looks() if look.name in COMPARED}


@pytest.fixture(autouse=True)
def _same_fonts(chromium: Browser) -> None:
    page = chromium.new_page()
    for font, width in LETTERS.items():
        page.set_content(
            f"<b style='font: 100px {font}; white-space: nowrap'>Hamburgefonstiv 42</b>"
        )
        box = page.locator("b").bounding_box()
        if box is None or abs(box["width"] - width) > 1:
            page.close()
            pytest.skip(f"{font} is another font here than in the references: DejaVu")
    page.close()


def changed(browser: Browser, look: Look, style: str = "") -> float:
    """The share of cells that look another than in the reference."""
    small, _, _ = shrunk(browser, picture(browser, look, style=style), SCALE)
    reference = (REFERENCES / f"{look.name}.png").read_bytes()
    (_, now, width), (_, then, as_wide) = (
        shrunk(browser, png, CELL / SCALE) for png in (small, reference)
    )
    assert (width, len(now)) == (as_wide, len(then))
    return sum(abs(a - b) > APART for a, b in zip(now, then, strict=True)) / len(now)


def test_each_state_looks_as_it_did(chromium: Browser) -> None:
    """S10: bar, box, dialog, page; wide and narrow, dark, forced colours, right to left."""
    shares = {name: changed(chromium, look) for name, look in LOOKS.items()}
    assert len(shares) == len(COMPARED)
    assert {name: share for name, share in shares.items() if share > MOST} == {}


@pytest.mark.parametrize(
    "style",
    [
        ".askfirst button.askfirst-button.askfirst-button { background: none !important }",
        ".askfirst .askfirst-notice.askfirst-notice { font-size: 17px !important }",
        ".askfirst .askfirst-notice.askfirst-notice { padding-block: 28px !important }",
        ".askfirst .askfirst-foot.askfirst-foot { order: -1 !important }",
    ],
    ids=["buttons", "larger", "higher", "other side"],
)
def test_a_change_of_the_notice_shows(chromium: Browser, style: str) -> None:
    """S10: what people would see, the comparison sees."""
    assert changed(chromium, LOOKS["bar-wide"], style) > MOST
