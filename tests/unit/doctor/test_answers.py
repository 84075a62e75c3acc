"""Each answer is given in a real Chromium, and what it comes to is held against the policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from askfirst.terms.policy import read_policy
from askfirst_collector.doctor.decisions import decisions_of
from askfirst_collector.doctor.examine import Report
from tests.browser.browsers import shell_path
from tests.support.served import served
from tests.unit.doctor.sites import ids, policy, site, tide, visit

pytestmark = pytest.mark.browser
WAITS = '<script type="text/plain" data-purpose="statistics">{}</script>'
NOW = "<script>if (document.cookie.includes('askfirst')) {{ {} }}</script>"


@pytest.fixture(autouse=True)
def chromium() -> str:
    """Skips, or fails under CI, where there is none."""
    return shell_path()


def answers(folder: Path, body: str, **statistics: Any) -> Report:
    """The doctor's word on a site with this in its page, after every answer."""
    with tide(folder, site(body), statistics=statistics) as origin:
        known = read_policy(policy(origins=[origin], statistics=statistics))
        return visit(origin, browser=True, answer=True, policy=known)


def test_what_waits_for_its_purpose_is_covered(tmp_path: Path) -> None:
    """A declared cookie and key that come after the grant, and a recipient that is asked then."""
    with served(site()) as other:
        host = other.replace("127.0.0.1", "localhost")
        body = WAITS.format(
            "document.cookie = '_pulse=1'; localStorage.setItem('pulse.id', '1');"
            f"fetch('{host}/pixel', {{mode: 'no-cors'}})"
        )
        receiver = {"name": "P", "role": "processor", "country": "DK", "hosts": ["localhost"]}
        report = answers(tmp_path, body, storage=["pulse.*"], recipients=[receiver])
    assert ids(report) == set(), report.findings


def test_what_the_answer_does_not_cover(tmp_path: Path) -> None:
    """D023: set after a refusal, or declared nowhere after a grant; D024: whom no policy names."""
    with served(site()) as other:
        host = other.replace("127.0.0.1", "localhost")
        asks = f"localStorage.setItem('extra', '1'); fetch('{host}/pixel', {{mode: 'no-cors'}})"
        report = answers(tmp_path, NOW.format("document.cookie = 'stray=1'") + WAITS.format(asks))
    assert ids(report) == {"D023", "D024"}
    for symptom in ("stray after 'reject all'", "extra after 'accept all'"):
        assert any(symptom in finding.found for finding in report.findings), report.findings
    asked = [finding.found for finding in report.findings if finding.id.endswith("D024")]
    assert all("accept all" in found for found in asked)


def test_every_answer_is_given() -> None:
    """M21: each purpose alone where there are several, and what an opt-out turns off."""
    full = read_policy({**policy(), "purposes": {
        name: {**policy()["purposes"]["statistics"], "data_use": use, "cookies": []}
        for name, use in (("statistics", "analytics"), ("ads", "marketing.advertising"))
    }})  # fmt: skip
    granted = {d.name: (sorted(d.granted), d.gpc) for d in decisions_of(full)}
    assert granted == {
        "reject all": ([], False),
        "statistics alone": (["statistics"], False),
        "ads alone": (["ads"], False),
        "accept all": (["ads", "statistics"], False),
        "accept all, with Global Privacy Control": (["statistics"], True),
    }
    assert decisions_of(read_policy(policy(statistics={"legal_basis": "contract"}))) == ()
