"""Whom a browser may report to."""

from __future__ import annotations

import pytest

from askfirst.gate.csp_reports import without_reports
from askfirst.http.headers import Header

AGREED = frozenset({"in.counter.example"})
CSP = b"Content-Security-Policy"


def left(*headers: Header) -> list[Header]:
    return without_reports([*headers], AGREED)


@pytest.mark.parametrize(
    ("address", "passes"),
    [
        ("https://in.counter.example/csp", True),
        ("https://IN.Counter.example:8443/csp?x=1", True),
        ("https://in.counter.example", True),
        ("http://in.counter.example/csp", False),
        ("//in.counter.example/csp", False),
        ("/askfirst/csp", False),
        ("csp", False),
        ("https://ads.example/csp", False),
        ("https://in.counter.example@ads.example/", False),
        ("https://in.counter.example\\@ads.example/", False),
        ("https://ads.example\\.in.counter.example/", False),
        ("https://in.counter.example.ads.example/", False),
        ("https:/in.counter.example/", False),
    ],
)
def test_only_a_host_that_was_agreed_to_is_reported_to(address: str, passes: bool) -> None:
    """Report directives go only to visitors whose agreed purpose covers them."""
    found = left((CSP, f"img-src 'self'; Report-URI {address}".encode()))
    assert found == [
        (CSP, f"img-src 'self'; Report-URI {address}".encode() if passes else b"img-src 'self'")
    ]
    named = f'g="{address}"'.encode()
    assert left((b"Reporting-Endpoints", named)) == (
        [(b"reporting-endpoints", named)] if passes else []
    )


def test_groups_go_with_their_endpoints() -> None:
    """A `report-to` that names no endpoint left is taken out with it."""
    found = left(
        (CSP, b"report-to good bad; img-src *, report-to bad"),
        (
            b"reporting-endpoints",
            b'good="https://in.counter.example/a";x=1, bad="https://x.example"',
        ),
        (b"Reporting-Endpoints", b'also="https://in.counter.example/b"'),
    )
    assert found == [
        (CSP, b"report-to good; img-src *"),
        (
            b"reporting-endpoints",
            b'good="https://in.counter.example/a", also="https://in.counter.example/b"',
        ),
    ]


def test_what_outlives_the_page_leaves_for_nobody() -> None:
    """A withdrawal could not stop it: browsers keep NEL and Report-To for their max_age."""
    endpoint = b'{"group":"g","max_age":99,"endpoints":[{"url":"https://in.counter.example/"}]}'
    assert left((b"Report-To", endpoint), (b"NEL", b'{"report_to":"g","max_age":99}')) == []


def test_headers_that_report_nothing_stay_the_same_list() -> None:
    headers: list[Header] = [(CSP, b"default-src 'self'; , img-src *")]
    assert without_reports(headers)[0] == headers[0]
    plain: list[Header] = [(b"content-type", b"text/html")]
    assert without_reports(plain) is plain
