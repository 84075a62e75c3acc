"""The checks with a real Chromium: what scripts do before anybody answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.browsers import shell_path
from tests.support.served import served
from tests.unit.doctor.sites import ids, site, tide, visit

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def chromium() -> str:
    """Skips, or fails under CI, where there is none."""
    return shell_path()


def test_a_good_site_passes_them_all(tmp_path: Path) -> None:
    """The script asks, and until somebody answers nothing else happens."""
    with tide(tmp_path, site("<p>High water at noon.</p>")) as origin:
        report = visit(origin, browser=True)
        assert report.findings == ()
        assert not any("HTML" in note for note in report.notes)


def test_what_a_script_does_and_whom_it_asks(tmp_path: Path) -> None:
    """D004, D006, D007, D008: seen by running the page, not by reading it."""
    with served(site()) as other:
        elsewhere = other.replace("127.0.0.1", "localhost")
        script = f"""<script>
        document.cookie = "leftover=1"; document.cookie = "_pulse=1"
        localStorage.setItem("pulse.id", "1"); sessionStorage.setItem("pulse.tab", "1")
        fetch("{elsewhere}/pixel", {{mode: "no-cors"}})</script>"""
        with tide(tmp_path, site(script)) as origin:
            report = visit(origin, browser=True)
            assert ids(visit(origin)) == set()
    assert ids(report) == {"D004", "D006", "D007", "D008"}
    for id, word in (("D004", "leftover"), ("D006", "_pulse"), ("D007", "pulse.id"),
                     ("D007", "pulse.tab"), ("D008", "localhost is asked")):  # fmt: skip
        assert any(each.id.endswith(id) and word in each.found for each in report.findings), (
            id,
            word,
        )


def test_a_script_that_removes_the_notice(tmp_path: Path) -> None:
    """D017: it was there, and is taken away each time."""
    away = """<script>new MutationObserver(
    () => document.getElementById("askfirst-notice")?.remove()
    ).observe(document, {childList: true, subtree: true})</script>"""
    with tide(tmp_path, site(away)) as origin:
        assert ids(visit(origin, browser=True)) == {"D017"}


def test_a_policy_of_the_page_that_stops_the_notice(tmp_path: Path) -> None:
    """D017: the script is in the HTML, and a Content-Security-Policy lets nothing run."""
    app = site(headers={"content-security-policy": "default-src 'none'"})
    with tide(tmp_path, app) as origin:
        assert ids(visit(origin, browser=True)) == {"D017"}


def test_a_name_that_points_elsewhere(tmp_path: Path) -> None:
    """--connect is for the browser too: it gets the same site under the same name."""
    with tide(tmp_path) as origin:
        where = ("127.0.0.1", int(origin.rpartition(":")[2]))
        report = visit("http://localhost", connect=where, browser=True, policy=None)
        # The policy names another port; the page itself came, with its notice.
        assert ids(report) == {"D021"}
