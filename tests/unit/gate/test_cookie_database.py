"""What an open cookie database says about a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from askfirst.errors import Unusable
from askfirst.gate.cookie_database import CookieDatabase
from askfirst.gate.undeclared_cookies import Report
from tests.unit.gate.memory import NOW, make_policy

HEAD = "Category,Cookie / Data Key name,Wildcard match\n"


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        (b"_ga", "statistics"),
        (b"_pk_id.1.fff", "statistics"),
        (b"_fbp", "marketing"),
        (b"CookieConsent", "preferences"),
        (b"nobody-knows-this", None),
        (b"\xff\x00", None),
    ],
)
def test_the_real_database(corpus: Path, name: bytes, purpose: str | None) -> None:
    """Which purpose of the policy a cookie seems to belong to."""
    database = CookieDatabase(corpus / "cookies/open-cookie-database.csv", make_policy())
    assert database.purpose(name) == purpose


def test_the_longest_wildcard_wins_and_short_ones_count_nothing(tmp_path: Path) -> None:
    """An exact name goes before a wildcard; a category without a purpose stays a category."""
    file = tmp_path / "cookies.csv"
    file.write_text(
        HEAD
        + "Analytics,_xy_,1\nMarketing,_xy_ad_,1\nSecurity,_xy_token,0\nOdd,odd,0\nMarketing,a,1\n"
    )
    database = CookieDatabase(file, make_policy())
    found = [database.purpose(n) for n in (b"_xy_1", b"_xy_ad_1", b"_xy_token", b"odd", b"abc")]
    assert found == ["statistics", "marketing", "necessary", "odd", None]


def test_the_report_names_the_purpose(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log line says what the cookie seems to be for."""
    file = tmp_path / "cookies.csv"
    file.write_text(HEAD + "Marketing,_pixel,0\n")
    report = Report(mode="strict", suggest=CookieDatabase(file, make_policy()))
    report.note(b"_pixel", lambda: "/", NOW)
    assert report.sightings[0].purpose == "marketing"
    assert "(it seems to be for marketing)" in caplog.text


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", None])
def test_a_file_that_is_none_is_found_at_start(tmp_path: Path, content: bytes | None) -> None:
    """A bad setting is found at start, with its id."""
    file = tmp_path / "cookies.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Unusable, match=r"askfirst\.E020"):
        CookieDatabase(file, make_policy())
