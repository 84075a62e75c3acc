"""The policy that lets a page reach only whom its visitor agreed to."""

from __future__ import annotations

from typing import Any

import pytest

from askfirst.errors import WrongSetting
from askfirst.gate.csp import ENFORCED, REPORTED, CspBuilder
from askfirst.gate.permissions import FEATURES, NAME, deny_unused
from askfirst.http.headers import Header
from askfirst.terms.consent import Consent, Signals
from askfirst.terms.edition import Edition, Editions
from askfirst.terms.policy import Policy
from askfirst.terms.token import State
from tests.unit.gate.conftest import Shop
from tests.unit.gate.memory import NOW, make_policy, state_token

HTML: Header = (b"content-type", b"text/html; charset=utf-8")
RECIPIENTS = {
    "statistics": [("Counter", ["cdn.counter.example", "in.counter.example"])],
    "marketing": [("Ads", ["ads.example"])],
}
OWN = "'self' data: blob:"


def policy_() -> Policy:
    return make_policy(
        purposes={
            name: {
                "recipients": [
                    {"name": who, "role": "processor", "country": "DE", "hosts": hosts}
                    for who, hosts in given
                ]
            }
            for name, given in RECIPIENTS.items()
        }
    )


def consent(*granted: str, gpc: bool = False) -> Consent:
    policy = policy_()
    editions = Editions((Edition(1, policy.hash, 0, policy),))
    choices = dict.fromkeys(granted, 2)
    return Consent("shop", State("shop", 1, choices, int(NOW) + 9), editions, Signals(gpc=gpc))


def ours(*granted: str, headers: list[Header] | None = None, **signals: bool) -> dict[str, str]:
    """Our policy's directives, for a page with these headers."""
    found = CspBuilder(policy_(), mode="enforce").join(
        headers or [HTML], consent(*granted, **signals)
    )
    name, value = found[-1]
    assert name == ENFORCED
    parts = [part.strip().partition(" ") for part in value.decode().split(";")]
    return {name: sources for name, _, sources in parts}


def test_hosts_join_when_they_are_agreed_to() -> None:
    """Recipients' hosts are reached only when agreed; GPC takes a seller's away."""
    refused = ours()
    assert refused == {
        "script-src": f"{OWN} 'unsafe-inline' 'unsafe-eval'",
        "connect-src": OWN,
        "img-src": OWN,
        "frame-src": OWN,
    }
    counted = ours("statistics")
    assert counted["img-src"] == f"{OWN} https://cdn.counter.example https://in.counter.example"
    assert "wss://in.counter.example" in counted["connect-src"]
    assert "ads.example" not in str(counted)
    both = ours("statistics", "marketing")
    assert all("https://ads.example" in sources for sources in both.values())
    assert "ads.example" not in str(ours("statistics", "marketing", gpc=True))


def test_an_existing_policy_stands_as_it_was() -> None:
    """Never loosened, nonces untouched: ours is one more, and browsers enforce each."""
    site = b"default-src 'none'; script-src 'nonce-abc' 'strict-dynamic' https:; img-src 'self'"
    headers: list[Header] = [HTML, (b"Content-Security-Policy", site)]
    found = CspBuilder(policy_(), mode="enforce").join(headers, consent("statistics"))
    assert found[:2] == headers
    assert len(found) == 3


@pytest.mark.parametrize(
    ("source", "stays"),
    [
        ("https://fonts.example", True),
        ("cdn.example:8443", True),
        ("https://cdn.example/lib/", True),
        ("*.assets.example", True),
        ("https://ads.example", False),
        ("ads.example:443/x", False),
        ("https://ADS.example", False),
        ("*.example", False),
        ("https://*.counter.example", False),
        ("https:", False),
        ("*", False),
        ("'nonce-abc.d'", False),
    ],
)
def test_hosts_of_the_site_itself_stay(source: str, stays: bool) -> None:
    """What the site's own policy names and no recipient is stays; what covers one does not."""
    header: Header = (ENFORCED, f"default-src {source}".encode())
    assert (source in ours(headers=[HTML, header])["img-src"].split()) is stays
    assert (source in ours(headers=[HTML, header])["frame-src"].split()) is stays


def test_no_report_leaves_the_browser() -> None:
    """M01: reports are telemetry, whatever the application's own policies say."""
    headers: list[Header] = [
        HTML,
        (b"Content-Security-Policy", b"img-src 'self'; report-uri /r; report-to g, report-uri /x"),
        (REPORTED, b"Report-To g"),
        (b"Reporting-Endpoints", b'g="/r"'),
        (b"Report-To", b"{}"),
        (b"NEL", b"{}"),
    ]
    found = CspBuilder(policy_(), mode="report").join(headers, consent())
    assert found[:2] == [HTML, (b"Content-Security-Policy", b"img-src 'self'")]
    assert [name for name, _ in found[2:]] == [REPORTED]
    assert b"report" not in found[2][1]


def test_a_wrong_mode_is_found_at_start() -> None:
    """A bad setting is found at start."""
    with pytest.raises(WrongSetting, match=r"askfirst\.E023"):
        CspBuilder(policy_(), mode="on")


@pytest.mark.anyio
async def test_pages_alone_and_with_vary(shop: Any) -> None:
    """M39: a page whose policy hangs on the answer says Vary; other responses are untouched."""
    site: Shop = shop(options={"csp": "enforce", "permissions": True}, purposes=_recipients())
    got = await site.browser.get("/")
    assert b"counter" not in got.one(ENFORCED)
    assert got.one(b"vary") == b"Cookie, Sec-GPC, DNT, ADPC"
    assert got.one(NAME).startswith(b"attribution-reporting=()")
    site.browser.jar[b"__Host-askfirst"] = state_token({"statistics": 2})
    got = await site.browser.get("/")
    assert b"https://cdn.counter.example" in got.one(ENFORCED)
    plain: Shop = shop(options={"csp": "report"})
    got = await plain.browser.get("/")
    assert got.all(REPORTED)
    assert not got.all(b"vary")  # nobody to agree about: the same for everyone


def _recipients() -> dict[str, Any]:
    return {
        name: {"recipients": purpose["recipients"]}
        for name, purpose in policy_().document["purposes"].items()
        if purpose.get("recipients")
    }


def test_which_responses_are_pages() -> None:
    """HTML, and what tells a browser to go on with a page it has."""
    reach = CspBuilder(policy_(), mode="enforce")
    assert reach.concerns([], [HTML])
    assert not reach.concerns([], [(b"content-type", b"text/css")])
    assert not reach.concerns([], [])
    assert reach.concerns([(b"Sec-Fetch-Dest", b"document")], [])


def test_features_no_purpose_may_use() -> None:
    """S16: denied, but for what the application said itself."""
    found = deny_unused([(b"Permissions-Policy", b"geolocation=(self), browsing-topics=(self)")])
    assert found[0] == (b"Permissions-Policy", b"geolocation=(self), browsing-topics=(self)")
    denied = found[1][1].decode().split(", ")
    assert "browsing-topics=()" not in denied
    assert len(denied) == len(FEATURES) - 1
    assert deny_unused([(NAME, b", ".join(f + b"=()" for f in FEATURES))])[1:] == []
