"""Responses are judged by the policy in force, not by the one that the site was started with."""

from __future__ import annotations

from typing import Any

from askfirst.gate.gate import Gate, Known
from askfirst.http.headers import Header
from askfirst.terms.edition import Edition, Editions
from askfirst.terms.policy import Policy
from tests.unit.gate.memory import KEY, NOW, make_policy, state_token

HTML: Header = (b"content-type", b"text/html")
STARTED = make_policy()
ADS = {"name": "Ads", "role": "processor", "country": "DE", "hosts": ["ads.example"]}
ACCEPTED = {"statistics": 2, "marketing": 2, "preferences": 2}


def published(policy: Policy, **options: Any) -> Gate:
    """A gate that was started with another policy than is published now."""
    gate = Gate(STARTED, now=lambda: NOW, **options)
    first, second = Edition(1, STARTED.hash, 0, STARTED), Edition(2, policy.hash, 0, policy)
    gate.learn(Known(Editions((first,)), (KEY,)))
    gate.learn(Known(Editions((first, second)), (KEY,)))
    return gate


def leaving(gate: Gate, *headers: Header, granted: bool = False) -> list[Header]:
    asked: list[Header] = []
    if granted:
        asked = [(b"cookie", b"__Host-askfirst=" + state_token(ACCEPTED, edition=2))]
    return gate.finish(gate.visit(asked), [HTML, *headers])


def test_a_cookie_that_is_not_necessary_any_more_does_not_leave() -> None:
    """M20, M33: what was published narrows at once, whatever a site was started with."""
    asked = {"marketing": {"cookies": ["session", "_fbp"]}}
    gate = published(make_policy(necessary=[], purposes=asked))
    line = (b"set-cookie", b"session=1")
    assert line not in leaving(gate, line)
    assert line in leaving(gate, line, granted=True)
    assert gate.refused([b"session"], lambda _: False) == [b"session"]


def test_a_cookie_that_was_declared_meanwhile_leaves_where_it_is_agreed_to() -> None:
    """A policy that is published takes effect without a restart."""
    gate = published(make_policy(purposes={"marketing": {"cookies": ["_new"]}}))
    line = (b"set-cookie", b"_new=1")
    assert line in leaving(gate, line, granted=True)
    assert line not in leaving(gate, line)


def test_a_page_that_hangs_on_recipients_named_meanwhile_says_so() -> None:
    """M39: a shared cache never serves one visitor's choice to another."""
    gate = published(make_policy(purposes={"marketing": {"recipients": [ADS]}}), csp="enforce")
    for granted in (False, True):
        found = dict(leaving(gate, granted=granted))
        assert (b"ads.example" in found[b"content-security-policy"]) is granted
        assert b"Cookie" in found[b"vary"]


def test_who_is_not_asked_about_any_more_is_not_reached() -> None:
    """Hosts that the application names itself are let through only where agreed to."""
    gate = published(make_policy(purposes={"marketing": {"recipients": [ADS]}}), csp="enforce")
    own = (b"content-security-policy", b"img-src https://ads.example")
    found = [value for name, value in leaving(gate, own) if name == own[0]]
    assert b"ads.example" not in found[-1]
