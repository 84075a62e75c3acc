"""The Django app: its checks, its middleware in both kinds, its cache, its templates."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import django
import pytest
from django.apps import apps
from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import Context, Template
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path, reverse
from django.views.decorators.cache import cache_page

from askfirst.http.set_cookie import expire
from tests.system.frameworks.visitor import until
from tests.unit.gate.memory import MemoryCollector, make_policy, state_token

GATE = "askfirst.django.ConsentMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
LOCALE = "django.middleware.locale.LocaleMiddleware"
SECRET = "AAAAAAAAAAAAAAAAAAAAAA"


def policy(*necessary: str, **changes: Any) -> Any:
    closed = [{"cookie": name, "why": "needed"} for name in necessary]
    return make_policy(necessary=closed, **changes)


def told(**changes: Any) -> dict[str, Any]:
    return {"POLICY": policy("sessionid", "csrftoken"), "COLLECTOR": MemoryCollector(), **changes}


if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        ASKFIRST=told(),
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        INSTALLED_APPS=["askfirst.django"],
        MIDDLEWARE=[GATE],
        ROOT_URLCONF=__name__,
        SECRET_KEY="for tests",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        USE_TZ=True,
    )
    django.setup()

# Reading Django's own names before it is set up would fail.
from askfirst.django import askfirst_notice, consent_from  # noqa: E402
from askfirst.django.response import apply, headers_of, write  # noqa: E402


def page(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("page")
    response.set_cookie("_ga", "1")
    response["Accept-CH"] = "Sec-CH-UA-Model"
    return response


def counted(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(consent_from(request).allows("statistics")))


async def seen(request: HttpRequest) -> HttpResponse:
    return HttpResponse(" ".join(request.COOKIES))


def noticed(request: HttpRequest) -> HttpResponse:
    return HttpResponse(askfirst_notice(request))


urlpatterns = [
    path("page", page),
    path("counted", counted),
    path("cached", cache_page(60)(counted)),
    path("seen", seen),
    path("noticed", noticed),
]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Each test has a gate of its own, made from the settings it asks for."""
    with override_settings(ASKFIRST=told()):
        yield
        config: Any = apps.get_app_config("askfirst")
        if "adapter" in config.__dict__:
            config.adapter.close()


def token(detail: int = 2) -> str:
    return state_token({"statistics": detail}, expires=time.time() + 86_400).decode()


def visitor(make: Callable[[], Any] = Client, detail: int | None = None) -> Any:
    client = make()
    if detail is not None:
        client.cookies["__Host-askfirst"] = token(detail)
    return client


# ---------------------------------------------------------------- checks


def ids(**changed: Any) -> dict[str, str | None]:
    with override_settings(**changed):
        return {each.id: each.hint for each in run_checks() if each.id.startswith("askfirst")}


def test_right_settings_say_nothing() -> None:
    """What is right is silent."""
    assert ids(MIDDLEWARE=[GATE, SESSIONS, CSRF]) == {}


@pytest.mark.parametrize(
    ("code", "hint", "changed"),
    [
        ("E201", "POLICY", {"ASKFIRST": None}),
        ("E202", "POLICY", {"ASKFIRST": {**told(), "polciy": 1}}),
        ("E203", "COLLECTOR", {"ASKFIRST": {"POLICY": policy()}}),
        ("E204", "policy check", {"ASKFIRST": told(POLICY={"version": 1})}),
        ("E204", "policy check", {"ASKFIRST": told(POLICY="no/such/policy.toml")}),
        ("E205", "dotted path", {"ASKFIRST": told(COLLECTOR="no.such.thing")}),
        ("E205", "dotted path", {"ASKFIRST": told(COLLECTOR=object)}),
        ("E021", "gate.md", {"ASKFIRST": told(UNDECLARED="often")}),
        ("E022", "gate.md", {"ASKFIRST": told(UNDECLARED="learn")}),
        ("E023", "gate.md", {"ASKFIRST": told(CSP="maybe")}),
        ("E020", "can be read", {"ASKFIRST": told(COOKIE_DATABASE="no/such.csv")}),
        ("E206", "top of MIDDLEWARE", {"MIDDLEWARE": [CSRF]}),
        ("E207", "top of MIDDLEWARE", {"MIDDLEWARE": [SESSIONS, GATE]}),
        ("W208", '"sid"', {"MIDDLEWARE": [GATE, SESSIONS], "SESSION_COOKIE_NAME": "sid"}),
        ("W208", "django_language", {"MIDDLEWARE": [GATE, LOCALE]}),
    ],
)
def test_each_wrong_setting_is_found(code: str, hint: str, changed: dict[str, Any]) -> None:
    """A stable id, and what to write instead."""
    found = ids(**changed)
    assert hint in (found[f"askfirst.{code}"] or "")


def test_a_collector_by_its_name() -> None:
    """A dotted path to a class or an object makes the collector."""
    name = "tests.unit.gate.memory.MemoryCollector"
    with override_settings(ASKFIRST=told(COLLECTOR=name)):
        assert ids(ASKFIRST=told(COLLECTOR=name)) == {}
        assert Client().get("/askfirst/policy").status_code == 200


def test_without_the_app_it_says_so() -> None:
    """The middleware alone cannot work."""
    with (
        override_settings(INSTALLED_APPS=[]),
        pytest.raises(ImproperlyConfigured, match="INSTALLED_APPS"),
    ):
        Client().get("/page")


# ---------------------------------------------------------------- the middleware


def test_cookies_wait_and_hints_never_leave() -> None:
    """M01, M26: nothing that was not agreed to leaves; then it does, privately."""
    before = visitor().get("/page")
    assert "_ga" not in before.cookies
    assert not before.has_header("Accept-CH")
    granted = visitor(detail=2).get("/page")
    assert "_ga" in granted.cookies
    assert "private" in granted["Cache-Control"]


@pytest.mark.parametrize("make", [Client, AsyncClient])
def test_the_receipt_is_taken_in_both_kinds(make: Callable[[], Any]) -> None:
    """M40: neither COOKIES nor META nor the scope has it."""
    client = visitor(make, detail=2)
    client.cookies["__Host-askfirst-receipt"] = SECRET
    client.cookies["basket"] = "3"
    got = client.get("/seen")
    got = asyncio.run(_awaited(got)) if make is AsyncClient else got
    assert sorted(got.content.decode().split()) == ["__Host-askfirst", "basket"]
    request = got.asgi_request if make is AsyncClient else got.wsgi_request
    assert SECRET not in repr(request.META)
    assert SECRET not in repr(getattr(request, "scope", {}))


async def _awaited(response: Any) -> Any:
    return await response


def test_an_async_site_answers_forms() -> None:
    """M45: our own paths work where no thread is the request's."""

    async def visit() -> tuple[Any, Any]:
        client = AsyncClient()
        edition = policy("sessionid", "csrftoken").hash
        form = f"v=2&method=accept_all&edition={edition}&lang=en&return_to=/counted"
        answer = await client.post(
            "/askfirst/consent",
            form,
            content_type="application/x-www-form-urlencoded",
            headers={"sec-fetch-site": "same-origin"},
        )
        client.cookies["__Host-askfirst"] = answer.cookies["__Host-askfirst"].value
        return answer, await client.get("/counted")

    answer, after = asyncio.run(visit())
    assert (answer.status_code, answer["Location"]) == (303, "/counted")
    assert set(answer.cookies) == {"__Host-askfirst", "__Host-askfirst-receipt"}
    assert after.content == b"True"


def test_crumbs_of_http2_are_one_header() -> None:
    """RFC 9113 section 8.2.3: cookies in several headers are joined as browsers write them."""

    async def visit() -> Any:
        client = AsyncClient()
        crumbs = [("cookie", "basket=3"), ("cookie", f"__Host-askfirst={token()}")]
        scope = client._base_scope(path="/counted")
        scope["headers"] += [(name.encode(), value.encode()) for name, value in crumbs]
        return await client.request(**scope)

    assert asyncio.run(visit()).content == b"True"


def test_the_page_views_a_server_sees() -> None:
    """M45: what was agreed to is handed on after the view answered."""
    collector = MemoryCollector()
    agreed = policy(server_side=True)
    with override_settings(ASKFIRST={"POLICY": agreed, "COLLECTOR": collector}):
        client = visitor(detail=2)
        client.cookies["__Host-askfirst-receipt"] = SECRET
        client.get("/counted?sort=price&q=x")
        until(lambda: bool(collector.submitted))
    payload: Any = collector.submitted[0][1]
    assert payload["events"][0]["page"] == "/counted?sort=price"


@pytest.mark.parametrize("address", ["/counted", "/cached"])
def test_djangos_own_cache_leaks_no_answer(address: str) -> None:
    """M39: neither `cache_page` nor the cache's middleware serves one visitor's page to another."""
    update = "django.middleware.cache.UpdateCacheMiddleware"
    fetch = "django.middleware.cache.FetchFromCacheMiddleware"
    for middleware in ([GATE, update, fetch], [update, GATE, fetch]):
        with override_settings(MIDDLEWARE=middleware):
            assert visitor(detail=2).get(address).content == b"True"
            assert visitor(detail=0).get(address).content == b"False"
            assert visitor().get(address).content == b"False"


def test_our_own_faults_serve_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """No consent, no cookie, the page."""

    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError

    monkeypatch.setattr("askfirst.django.middleware.headers_of", broken)
    got = visitor(detail=2).get("/page")
    assert (got.status_code, got.content) == (200, b"page")
    assert not got.cookies
    assert got["Cache-Control"] == "private"


def test_the_dashboard_is_streamed() -> None:
    """What the collector serves passes as it comes."""
    got = Client().get("/askfirst/host/x")
    assert isinstance(got, StreamingHttpResponse)
    assert got.getvalue() == b'["/askfirst/host", "/askfirst/host/x"]'


# ---------------------------------------------------------------- headers


def test_headers_there_and_back() -> None:
    """What was judged harmless stays the very same; what was taken out is gone."""
    response = HttpResponse("x")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    response["Set-Cookie"] = "c=3"
    response["X-A"] = "1"
    given = headers_of(response)
    apply(response, given)
    assert headers_of(response) == given
    apply(response, [h for h in given if not h[1].startswith((b"b=", b"c=")) and h[0] != b"X-A"])
    assert list(response.cookies) == ["a"]
    assert not response.has_header("Set-Cookie")
    assert not response.has_header("X-A")


def test_several_lines_for_one_cookie() -> None:
    """M12: a cookie is taken back from every domain that could hold it, one line for each."""
    response = HttpResponse("x")
    lines = expire(b"_ga", ("shop.example", "example"))
    write(response, lines)
    sent = [morsel.output(header="").strip().encode() for morsel in response.cookies.values()]
    assert sent == [value for _, value in lines]
    assert {morsel.key for morsel in response.cookies.values()} == {"_ga"}


# ---------------------------------------------------------------- templates


def rendered(template: str, detail: int | None = None) -> str:
    from askfirst.django.apps import adapter
    from askfirst.django.context import consent

    request = RequestFactory().get("/page?q=1")
    if detail is not None:
        request.META["HTTP_COOKIE"] = f"__Host-askfirst={token(detail)}"
    from askfirst.adapters.wsgi_environ import VISIT, read_environ

    _, told = read_environ(request.META)
    request.META[VISIT] = adapter().visit(request.META, told)
    return Template(template).render(Context({"request": request, **consent(request)}))


def test_template_tags() -> None:
    """The notice, the script with its nonce, and what is allowed."""
    html = rendered("{% load askfirst %}{% askfirst_notice %}")
    assert 'id="askfirst-notice"' in html
    assert 'value="/page?q=1"' in html
    script = rendered('{% load askfirst %}{% askfirst_script nonce="a&b" %}')
    source = re.escape('<script src="/askfirst/static/askfirst.js?v=VERSION"')
    tag = source.replace("VERSION", "[0-9a-f]{8}") + ' defer nonce="a&amp;b"></script>'
    assert re.fullmatch(tag, script)
    asks = '{% load askfirst %}{{ request|allows:"statistics" }} {{ consent.statistics }}'
    assert rendered(asks, detail=2) == "True True"
    assert rendered(asks) == "False False"
    with pytest.raises(LookupError, match="context_processors"):
        Template("{% load askfirst %}{% askfirst_notice %}").render(Context({}))


def test_names_of_our_pages() -> None:
    """`include("askfirst.django.urls")` names what the middleware answers."""
    with override_settings(ROOT_URLCONF="tests.support.django_urls"):
        assert reverse("askfirst:choices") == "/askfirst/choices"
        assert Client().get(reverse("askfirst:rights")).status_code == 200
        with (
            override_settings(MIDDLEWARE=[]),
            pytest.raises(ImproperlyConfigured, match="nobody answered"),
        ):
            Client().get("/askfirst/policy")
