"""A placed collector behind every framework: asked about, vouched for, heard (M49)."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from askfirst.terms.policy import read_policy
from askfirst_collector.runtime.open import close_services, open_services
from tests.conftest import ROOT
from tests.support.placing import place, tides
from tests.system.frameworks.servers import Site, serve
from tests.system.frameworks.visitor import Forms, Got, Visitor

NAME = "tides/statistics"
WORD = re.compile(r'askfirst;desc="tides\.([\w-]{43})"')
SHELLS = {
    "asgi": ("app:app", "uvicorn"),
    "django": ("serve:wsgi", "gunicorn"),
    "django-async": ("serve:asgi", "uvicorn"),
    "flask": ("app:app", "gunicorn"),
    "litestar": ("app:app", "uvicorn"),
    "quart": ("app:app", "hypercorn"),
    "starlette": ("app:app", "uvicorn"),
    "wsgi": ("app:app", "gunicorn"),
}


@dataclass(frozen=True)
class Placed:
    """A running site with the tides on its home page and /about, and their write key."""

    site: Site
    key: str


@pytest.fixture(scope="module", params=SHELLS)
def placed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Placed]:
    app, server = SHELLS[request.param]
    example = ROOT / "examples" / request.param.partition("-")[0]
    folder = tmp_path_factory.mktemp(request.param)
    policy = read_policy(example / "policy.toml")
    parts = open_services(
        folder / "askfirst-data", host_policy=None, now=time.time, urandom=os.urandom
    )
    try:
        parts.registry.publish(policy)
        levels = {"page": 2, "time": 2}
        collector = tides(policy, pages=["/", "/about"], statistics={"levels": levels})
        key = place(parts, collector).write_key
    finally:
        close_services(parts)
    with serve(app, server, folder, where=example) as site:
        yield Placed(site, key)


def word(page: Got) -> str:
    found = WORD.search(page.one("server-timing"))
    assert found is not None
    return found[1]


def event(
    placed: Placed, vouch: str, *, page: str = "/about", batch: str = "A"
) -> dict[str, object]:
    told = {"purpose": NAME, "type": "page_view", "page": page}
    return {
        "v": 1, "batch": batch * 22, "collector": placed.key, "vouch": vouch, "events": [told],
    }  # fmt: skip


def asked(visitor: Visitor) -> set[str]:
    """What accepting the notice of the home page would agree to by name."""
    form = Forms(visitor.get("/").text).forms["askfirst-accept"]
    return {name.removeprefix("purpose.") for name in form.fields if name.startswith("purpose.")}


def test_a_page_vouches_the_same_for_everyone(placed: Placed) -> None:
    """M39, M49: documents of its pages alone say the word, and no visitor changes it."""
    nobody, someone = placed.site.visitor(), placed.site.visitor()
    assert someone.answer("accept_all").status == 303
    first, second = nobody.get("/about"), someone.get("/about")
    assert word(first) == word(second)
    assert first.body == second.body
    assert "cookie" not in first.vary()
    assert word(nobody.get("/")) != word(first)
    for path in ("/guestbook", "/seen", "/chart.svg", "/broken"):
        assert nobody.get(path).all("server-timing") == []


def test_what_is_agreed_to_is_gathered(placed: Placed) -> None:
    """M45, M49: asked with the rest, agreed to by a form, and its event is stored as its own."""
    visitor = placed.site.visitor()
    assert NAME in asked(visitor)
    assert visitor.answer("accept_all").status == 303
    vouch = word(visitor.get("/about"))
    assert visitor.post_json("/askfirst/events", event(placed, vouch)).json == {
        "stored": 1,
        "dropped": [],
    }
    kept = visitor.get("/askfirst/rights/me", ("Accept", "application/json")).json
    assert [each["name"] for each in kept["record"]["collectors"]] == ["tides"]
    told = visitor.post_json("/askfirst/events", event(placed, vouch, page="/", batch="B"))
    assert told.json["dropped"] == [{"index": 0, "reason": "wrong-page"}]


def test_whoever_answered_elsewhere_is_asked_about_it_alone(placed: Placed) -> None:
    """M49: a grant that does not name it gathers nothing for it, and a refusal of it stays."""
    visitor = placed.site.visitor()
    choices = visitor.get("/askfirst/choices?return_to=/guestbook")
    chosen = {f"purpose.{name}": "2" for name in ("statistics", "marketing", "preferences")}
    assert visitor.press(choices, "save", **chosen).status == 303
    vouch = word(visitor.get("/about"))
    told = visitor.post_json("/askfirst/events", event(placed, vouch)).json
    assert told["dropped"] == [{"index": 0, "reason": "no-grant"}]
    assert asked(visitor) == {NAME}
    assert visitor.press(visitor.get("/"), "save").status == 303
    assert 'id="askfirst-notice"' not in visitor.get("/").text
    assert "You are counted." in visitor.get("/").text


def test_a_refuser_is_not_asked_again(placed: Placed) -> None:
    """M08, M49: refused once, refused to all."""
    visitor = placed.site.visitor()
    assert visitor.answer("reject_all").status == 303
    assert 'id="askfirst-notice"' not in visitor.get("/").text
