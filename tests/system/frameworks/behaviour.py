"""What every framework's example does, behind its real server, over sockets.

    @pytest.fixture(scope="module", params=["gunicorn"])
    def site(request, tmp_path_factory):
        with serve("app:app", request.param, tmp_path_factory.mktemp("x"), where=EXAMPLE) as site:
            yield site

    class TestFlask(Behaviour): ...

An example is a small weather station. It answers (policy: purposes `preferences` with the cookie
`theme`, `statistics` with `_pulse`, `marketing` with `_offer`; necessary: `units` and what the
framework needs; `server_side = true`; `minimum_age = 0`):

GET  /            HTML: the notice; "You are counted." or "You are not counted." (statistics);
                  "Offers are shown." or "No offers." (marketing); "Visit N." from the session
GET  /about       HTML that reads neither consent nor session: the same bytes for everyone
GET  /settings    sets theme=dark, _pulse=1, _offer=1, leftover=1 (declared nowhere) and
                  units=metric, in this order, and deletes old_theme
GET  /seen        text/plain: the names of the cookies the application sees, one a line
GET  /guestbook   HTML with a form (no id) to /guestbook: field `message` and the framework's CSRF
POST /guestbook   302 or 303 to /guestbook, which shows the message
GET  /live        text/event-stream: "data: VALUE\\n\\n": the last reading, then each new one
POST /readings    form field `value`, from a sensor (no CSRF): 204
GET  /listeners   text/plain: how many /live streams are open, as a number
GET  /readings.csv  text/csv, streamed: "hour,value" and 48 rows "0,…" to "47,…"
GET  /chart.svg   a file, with ETag or Last-Modified; 304 when asked so
GET  /broken      raises
"""

from __future__ import annotations

import os
import re
import socket

import pytest

from tests.conftest import ROOT
from tests.system.frameworks.servers import Site
from tests.system.frameworks.signals import (
    COUNTED,
    NO_OFFERS,
    NOT_COUNTED,
    OFFERS,
    RECEIPT,
    STATE,
    Signals,
    granted,
)
from tests.system.frameworks.visitor import SAME_ORIGIN, Form, Forms, Got, until

OURS = {"cookie", "sec-gpc", "dnt", "adpc"}
ODD_COOKIES = {
    "json": 'prefs={"a":[1,2],"b":"x;y"}; b=2',
    "flag": "flag; =; ;;; b=2",
    "quotes": 'q="a b; c"; b="2',
    "eight-bit": "\xff\xfe=\xe9; b=\x80\xa0",
    "long": "n" * 4000 + "=1; b=2",
    "many": "; ".join(f"c{n}={n}" for n in range(500)),
    "ours-twice": f"{STATE}=x; {STATE}=y.z.w; askfirst=1; {RECEIPT}=x; {RECEIPT}=y",
    "ours-hidden": f"a=1,{STATE}=forged; b={RECEIPT}=x",
}
EMPTIES_EIGHT_BIT = {"granian-wsgi"}  # github.com/emmett-framework/granian/issues/335, wontfix
ODD_FORWARDS = [
    ("X-Forwarded-For", "203.0.113.9:4711, [2001:db8::1%eth0]:80, garbage, , \x7f"),
    ("Forwarded", 'for="[2001:db8::1]:4711";proto=, for=_hidden, ;;"'),
    ("X-Forwarded-For", "1" * 2000),
]


class Behaviour(Signals):
    """Inherit, with a fixture `site` of module scope, and say what the framework has."""

    csrf = False  # a POST to /guestbook without its token is 403
    sessions = True

    # ------------------------------------------------------------------ asked first

    def test_a_first_visit_is_asked_and_leaves_nothing(self, site: Site) -> None:
        """M01, M45, M39: the notice is a form; no cookie but the necessary; the page says Vary."""
        visitor = site.visitor()
        page = visitor.get("/")
        assert page.status == 200
        assert 'id="askfirst-notice"' in page.text
        assert NOT_COUNTED in page.text
        assert NO_OFFERS in page.text
        assert page.vary() >= OURS
        assert not {STATE, RECEIPT, "theme", "_pulse", "_offer", "leftover"} & set(visitor.jar)

    def test_accepting_by_the_form(self, site: Site) -> None:
        """M45, M40: 303 back to the page; both cookies; the page counts and asks no more."""
        visitor = site.visitor()
        got = visitor.answer("accept_all")
        assert (got.status, got.one("location")) == (303, "/")
        lines = {line.partition("=")[0]: line for line in got.all("set-cookie")}
        assert "Secure" in lines[STATE]
        assert "HttpOnly" not in lines[STATE]
        assert "HttpOnly" in lines[RECEIPT]
        page = visitor.get("/")
        assert COUNTED in page.text
        assert OFFERS in page.text
        assert 'id="askfirst-notice"' not in page.text

    def test_refusing_by_the_form(self, site: Site) -> None:
        """M08, M09: the state cookie alone, the same for two visitors; nobody is asked again."""
        first, second = site.visitor(), site.visitor()
        for visitor in (first, second):
            assert visitor.answer("reject_all").status == 303
            assert RECEIPT not in visitor.jar
            page = visitor.get("/")
            assert NOT_COUNTED in page.text
            assert 'id="askfirst-notice"' not in page.text
        assert first.jar[STATE] == second.jar[STATE]

    def test_withdrawing_by_the_form(self, site: Site) -> None:
        """M11, M12: the control on the page takes everything back, the site's cookies too."""
        visitor = granted(site)
        visitor.get("/settings")
        assert {"theme", "_pulse", "_offer"} <= set(visitor.jar)
        assert visitor.press(visitor.get("/"), "withdraw").status == 303
        assert not {RECEIPT, "theme", "_pulse", "_offer"} & set(visitor.jar)
        assert NOT_COUNTED in visitor.get("/").text

    def test_choosing_one_purpose(self, site: Site) -> None:
        """M14, M45: the page of choices is a form too; what was not chosen is not allowed."""
        visitor = site.visitor()
        choices = visitor.get("/askfirst/choices?return_to=/about")
        chosen = {"purpose.statistics": "2", "purpose.marketing": "0", "purpose.preferences": "0"}
        got = visitor.press(choices, "save", **chosen, detail="1")
        assert (got.status, got.one("location")) == (303, "/about")
        page = visitor.get("/")
        assert COUNTED in page.text
        assert NO_OFFERS in page.text

    def test_an_answer_from_elsewhere_is_refused(self, site: Site) -> None:
        """M47: another site's form changes nothing."""
        visitor = site.visitor()
        page = visitor.get("/")
        fields = {"method": "accept_all", "edition": _edition(page), "lang": "en"}
        for header in (("Sec-Fetch-Site", "cross-site"), ("Origin", "null")):
            got = visitor.post("/askfirst/consent", fields, header)
            assert got.status == 403
            assert STATE not in visitor.jar

    # ------------------------------------------------------------------ cookies

    def test_cookies_wait_for_their_purpose(self, site: Site) -> None:
        """M01, M14: the necessary alone leaves before; then what was agreed to, in order."""
        visitor = site.visitor()
        before = visitor.get("/settings")
        assert _of_ours(before.sets()) == ["units"]
        assert any(line.startswith("old_theme=") for line in before.all("set-cookie"))
        assert "private" in before.one("cache-control")
        chosen = {"purpose.statistics": "0", "purpose.marketing": "0", "purpose.preferences": "2"}
        visitor.press(visitor.get("/askfirst/choices"), "save", **chosen)
        assert _of_ours(visitor.get("/settings").sets()) == ["theme", "units"]
        all_of_it = granted(site).get("/settings")
        assert _of_ours(all_of_it.sets()) == ["theme", "_pulse", "_offer", "units"]

    def test_the_receipt_never_reaches_the_application(self, site: Site) -> None:
        """M40: the application sees every cookie but that one."""
        visitor = granted(site)
        visitor.get("/settings")
        seen = visitor.get("/seen").text.split()
        assert {"theme", "_pulse", "units", STATE} <= set(seen)
        assert RECEIPT not in seen
        only = ("Cookie", f"{RECEIPT}={visitor.jar[RECEIPT]}")
        assert site.visitor().get("/seen", only).text.split() == []

    def test_sessions_and_forms_work(self, site: Site) -> None:
        """The framework's own cookies pass both ways: a session counts, a form is taken."""
        visitor = granted(site)
        if self.sessions:
            start = _visit(visitor.get("/"))
            assert _visit(visitor.get("/")) == start + 1
        form = visitor.get("/guestbook")
        message = f"Fulmars back on the ledge {os.getpid()}"
        (fields,) = [f.fields for f in _forms(form) if f.action == "/guestbook"]
        if self.csrf:
            assert visitor.post("/guestbook", {"message": "x"}).status == 403
        got = visitor.post("/guestbook", {**fields, "message": message})
        assert got.status in (302, 303)
        assert message in visitor.get("/guestbook").text

    @pytest.mark.parametrize("cookie", ODD_COOKIES.values(), ids=ODD_COOKIES)
    def test_odd_cookies_never_break_a_page(self, site: Site, cookie: str) -> None:
        """The page is served, and nobody is counted by accident."""
        got = site.visitor().get("/", ("Cookie", cookie))
        assert got.status == 200
        assert NOT_COUNTED in got.text

    def test_odd_cookies_hide_nothing(self, site: Site) -> None:
        """Beside cookies of any shape the answer is still read, and the receipt still taken."""
        visitor = granted(site)
        ours = f"{STATE}={visitor.jar[STATE]}; {RECEIPT}={visitor.jar[RECEIPT]}"
        for odd in ('prefs={"a":"x', "flag", 'q="', "\xff=\xe9"):
            got = visitor.get("/", ("Cookie", f"{odd}; {ours}; {odd}"))
            # A server that empties such a header hides the answer: nothing is counted then.
            emptied = site.kind in EMPTIES_EIGHT_BIT and not odd.isascii()
            assert (NOT_COUNTED if emptied else COUNTED) in got.text, odd
            told = visitor.get("/seen", ("Cookie", f"{odd}; {ours}; {odd}"))
            assert told.status == 200
            assert RECEIPT.encode() not in told.body

    def test_two_answers_are_narrowed(self, site: Site) -> None:
        """M40: of several state cookies the meet counts; a parent's may only narrow."""
        yes, refused = granted(site).jar[STATE], site.visitor()
        refused.answer("reject_all")
        no = refused.jar[STATE]
        for cookie in (f"{STATE}={yes}; {STATE}={no}", f"askfirst={no}; {STATE}={yes}"):
            assert NOT_COUNTED in site.visitor().get("/", ("Cookie", cookie)).text
        alone = site.visitor().get("/", ("Cookie", f"askfirst={yes}"))
        assert NOT_COUNTED in alone.text

    # ------------------------------------------------------------------ bodies

    def test_server_sent_events_are_not_held_back(self, site: Site) -> None:
        """Each event is there before the next one exists; hanging up closes the application's."""
        visitor = granted(site)
        with visitor.sending("GET", "/live") as live:
            assert live.getheader("Content-Type", "").startswith("text/event-stream")
            assert live.readline().startswith(b"data: ")
            assert live.readline() == b"\n"
            for value in ("11.5", "12.25"):
                assert visitor.post("/readings", {"value": value}).status == 204
                assert live.readline() == f"data: {value}\n".encode()
                assert live.readline() == b"\n"
            assert int(visitor.get("/listeners").text) >= 1

        def let_go() -> bool:
            # A server notices at the next write that nobody listens.
            visitor.post("/readings", {"value": "13"})
            return int(visitor.get("/listeners").text) == 0

        until(let_go)

    def test_streams_are_whole(self, site: Site) -> None:
        """A streamed body arrives as it was made, without a length that nobody could know."""
        got = granted(site).get("/readings.csv")
        lines = got.text.split("\n")
        assert lines[0] == "hour,value"
        assert [line.partition(",")[0] for line in lines[1:49]] == [str(n) for n in range(48)]
        assert got.all("content-length") == []

    def test_files_and_what_the_browser_has_already(self, site: Site) -> None:
        """A file's bytes; HEAD its headers alone; 304 without a body."""
        visitor = granted(site)
        got = visitor.get("/chart.svg")
        assert got.body == (ROOT / "examples/station/static/chart.svg").read_bytes()
        assert got.vary().isdisjoint(OURS)
        head = visitor.send("HEAD", "/chart.svg")
        assert (head.status, head.body) == (200, b"")
        assert head.one("content-length") == str(len(got.body))
        asked = [
            (name, got.one(told))
            for name, told in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
            if got.all(told)
        ]
        assert asked
        again = visitor.get("/chart.svg", *asked)
        assert (again.status, again.body) == (304, b"")

    def test_head_of_a_page(self, site: Site) -> None:
        """HEAD goes wherever GET does, to the site's pages and to ours."""
        visitor = site.visitor()
        for path in ("/", "/about", "/askfirst/policy", "/askfirst/static/askfirst.css"):
            got = visitor.send("HEAD", path)
            assert (got.status, got.body) == (200, b""), path

    def test_errors_are_served(self, site: Site) -> None:
        """A page that breaks is the framework's 500; the next one is served."""
        visitor = granted(site)
        assert visitor.get("/broken").status == 500
        assert visitor.get("/about").status == 200
        assert visitor.get("/there-is-no-such-page").status == 404

    def test_pages_that_never_ask_are_the_same_for_all(self, site: Site) -> None:
        """M39: byte-identical for everyone, with no Vary of ours."""
        refused = site.visitor()
        refused.answer("reject_all")
        gots = [visitor.get("/about") for visitor in (site.visitor(), refused, granted(site))]
        assert len({got.body for got in gots}) == 1
        assert all(got.vary().isdisjoint(OURS) for got in gots)
        assert all("set-cookie" not in {name.lower() for name, _ in got.headers} for got in gots)

    # ------------------------------------------------------------------ our own paths

    def test_events_are_stored_for_a_grant_alone(self, site: Site) -> None:
        """M20: 202 says what was stored; without a receipt `no-grant`."""
        told = granted(site).post_json("/askfirst/events", _event("A" * 22))
        assert (told.status, told.json) == (202, {"stored": 1, "dropped": []})
        told = site.visitor().post_json("/askfirst/events", _event("B" * 22))
        assert told.status == 202
        assert told.json == {"stored": 0, "dropped": [{"index": 0, "reason": "no-grant"}]}

    @pytest.mark.parametrize("header", ODD_FORWARDS)
    def test_odd_forwards_harm_nothing(self, site: Site, header: tuple[str, str]) -> None:
        """Pages are served and events are stored, whatever proxies write."""
        visitor = granted(site)
        assert visitor.get("/", header).status in (200, 400)
        visitor.also.append((header[0], header[1].replace("\x7f", "")))
        assert visitor.get("/").status == 200
        told = visitor.post_json("/askfirst/events", _event("C" * 22))
        assert told.json["stored"] == 1

    def test_the_server_sees_page_views(self, site: Site) -> None:
        """M45: with `server_side` a grant's page views are stored without any script."""
        visitor = granted(site)
        visitor.get("/about")

        def stored() -> bool:
            kept = visitor.get("/askfirst/rights/me", ("Accept", "application/json")).json
            return any("/about" in str(row) for row in kept["rows"])

        until(stored)

    def test_rights(self, site: Site) -> None:
        """M29: a visitor sees, takes away, erases and withdraws, by forms."""
        visitor = granted(site)
        page = visitor.get("/askfirst/rights/me")
        assert page.status == 200
        assert visitor.get("/askfirst/rights/export").json["record"]
        erased = visitor.submit(page, "askfirst-erase")
        assert (erased.status, erased.one("location")) == (303, "/askfirst/rights/me?done=erased")
        assert 'role="status"' in visitor.get("/askfirst/rights/me?done=erased").text
        other = granted(site)
        assert other.press(other.get("/askfirst/rights/me"), "withdraw").status == 303
        assert RECEIPT not in other.jar
        assert site.visitor().get("/askfirst/rights/export").status == 401

    def test_what_is_ours(self, site: Site) -> None:
        """Static files, the policy, the well-known files, the dashboard, and honest problems."""
        visitor = site.visitor()
        script = visitor.get("/askfirst/static/askfirst.js")
        assert script.one("content-type").startswith("text/javascript")
        tag = ("If-None-Match", script.one("etag"))
        assert visitor.get("/askfirst/static/askfirst.js", tag).status == 304
        assert visitor.get("/.well-known/gpc.json").json["gpc"] is True
        policy = visitor.get("/askfirst/policy", ("Accept", "application/json"))
        assert policy.json["number"] == 1
        assert visitor.get("/askfirst/host/").status in (200, 302, 303, 401)
        lost = visitor.get("/askfirst/nothing")
        assert (lost.status, lost.json["reason"]) == (404, "not-found")
        wrong = visitor.get("/askfirst/consent")
        assert (wrong.status, wrong.one("allow")) == (405, "POST")

    def test_bodies_are_bounded(self, site: Site) -> None:
        """S19: what is larger than 64 kB is refused; what is no JSON says so."""
        visitor = site.visitor()
        large = visitor.post_json("/askfirst/consent", {"v": "x" * 70_000})
        assert (large.status, large.json["reason"]) == (413, "too-large")
        kind = ("Content-Type", "application/json")
        broken = visitor.send("POST", "/askfirst/consent", b"{", (kind, SAME_ORIGIN))
        assert (broken.status, broken.json["reason"]) == (400, "not-json")

    def test_an_absolute_target_is_a_page_too(self, site: Site) -> None:
        """RFC 9112 section 3.2.2: a server must accept it; our paths are ours there as well.

        Some servers (hypercorn, daphne) do not take it apart: to those it is no page at all.
        """
        for path, expected in (("/about", b"200"), ("/askfirst/consent", b"405")):
            line = f"GET {site.origin}{path} HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n"
            with socket.create_connection(("127.0.0.1", site.port), timeout=20) as raw:
                raw.sendall(f"{line}Connection: close\r\n\r\n".encode())
                assert raw.recv(64).split()[1] in (expected, b"404"), path


def _forms(page: Got) -> list[Form]:
    return [*Forms(page.text).forms.values()]


def _edition(page: Got) -> str:
    found = re.search(r'name="edition" value="([0-9a-f]{64})"', page.text)
    assert found
    return found[1]


def _visit(page: Got) -> int:
    found = re.search(r"Visit ([0-9]+)\.", page.text)
    assert found
    return int(found[1])


def _of_ours(names: list[str]) -> list[str]:
    return [name for name in names if name in ("theme", "_pulse", "_offer", "leftover", "units")]


def _event(batch: str) -> dict[str, object]:
    event = {"purpose": "statistics", "type": "page_view", "page": "/about"}
    return {"v": 1, "batch": batch, "events": [event]}
