"""One refuser's visit over real sockets: every path of ours, answers and errors, then events."""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass

BATCH = "A" * 22
REFUSED = {"statistics": 0, "tides/statistics": 0}


@dataclass(frozen=True)
class Character:
    """Everything by which one visitor differs from another before any consent."""

    address: str  # a loopback address of its own
    forwarded: str
    agent: str
    language: str
    referrer: str
    screen: object
    page: str
    hints: str


ALICE = Character(
    address="127.0.0.1",
    forwarded="203.0.113.5",
    agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0",
    language="en-GB,en;q=0.9",
    referrer="https://search.example/?q=alice",
    screen=[1920, 1080],
    page="/accounts/alice@example.org?token=alice-secret",
    hints='"Windows"',
)
BOB = Character(
    address="127.0.0.9",
    forwarded="2001:db8::b0b",
    agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 BobBob",
    language="pt-BR",
    referrer="http://bob.example/private",
    screen="phone",
    page="/b",
    hints='"Linux"',
)


@dataclass(frozen=True)
class Seen:
    """One answer, without what only the clock of the machine decides."""

    what: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Visit:
    """Sends the same requests for any character, and keeps the answers."""

    def __init__(self, port: int, character: Character) -> None:
        self.port = port
        self.who = character
        self.cookie = ""
        self.seen: list[Seen] = []

    def ask(
        self, method: str, path: str, body: bytes = b"", type: str = "", **more: str
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=20, source_address=(self.who.address, 0)
        )
        headers = {
            "Host": f"localhost:{self.port}",
            "User-Agent": self.who.agent,
            "Accept-Language": self.who.language,
            "Referer": self.who.referrer,
            "X-Forwarded-For": self.who.forwarded,
            "Forwarded": f'for="{self.who.forwarded}"',
            "Sec-CH-UA-Platform": self.who.hints,
            **({"Cookie": self.cookie} if self.cookie else {}),
            **({"Content-Type": type} if type else {}),
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        kept = tuple((k, v) for k, v in answer.getheaders() if k.lower() != "date")
        self.seen.append(Seen(f"{method} {path} {more}", answer.status, kept, content))
        connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            if line.startswith("__Host-askfirst="):
                self.cookie = line.partition(";")[0]
        return answer

    def post(self, path: str, document: object, **more: str) -> http.client.HTTPResponse:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        more = {"Sec_Fetch_Site": "same-origin", **more}
        return self.ask("POST", path, body, "application/json", **more)

    @property
    def told(self) -> list[dict[str, object]]:
        """An event that tells everything about this character."""
        event = {
            "purpose": "statistics",
            "type": "page_view",
            "page": self.who.page,
            "referrer": self.who.referrer,
            "screen": self.who.screen,
            "cookies": {"enabled": True, "names": [self.who.hints]},
        }
        return [event]

    def events(self, **more: object) -> dict[str, object]:
        """A batch of it."""
        return {"v": 1, "batch": BATCH, "events": self.told, **more}

    def look_around(self, edition: str) -> None:
        """Every path of ours, and errors."""
        for path in (
            "/",
            "/.well-known/gpc.json",
            "/.well-known/askfirst.json",
            "/askfirst/policy",
            f"/askfirst/policy/{edition}",
            "/askfirst/policy/" + "0" * 64,
            "/askfirst/choices",
            "/askfirst/receipt",
            "/askfirst/rights/csv",
            "/askfirst/rights/dpv",
            "/askfirst/static/askfirst.js",
            "/askfirst/static/askfirst.css",
            "/askfirst/static/none.js",
            "/askfirst/rights/me",
            "/askfirst/rights/none",
            "/askfirst/events",
            "/askfirst/consent",
            "/askfirst/host/",
            "/askfirst/nothing-here",
            "/broken",
        ):
            self.ask("GET", path, Accept="text/html")
            self.ask("HEAD", path)
        for path in ("/tides/", "/tides/dublin?at=noon", "/askfirst/choices?return_to=/tides/"):
            self.ask("GET", path, Accept="text/html")
            self.ask("GET", path, Accept="text/html", Sec_GPC="1")
        self.ask("GET", "/askfirst/policy", Accept="application/json")
        self.ask("GET", "/", Sec_GPC="1")
        self.ask("GET", "/", DNT="1")

    def send_everything(self) -> None:
        """Events and reports without a grant, and bodies that are nothing."""
        self.post("/askfirst/events", self.events())
        self.post("/askfirst/events", self.events(gpc=True))
        self.post("/askfirst/events", self.events(), Origin="https://evil.example")
        self.post("/askfirst/events", self.events(handle="0" * 64))
        self.post("/askfirst/events", b"{")
        self.ask("POST", "/askfirst/csp", self.who.page.encode(), "application/csp-report")
        self.post("/askfirst/rights/me", {"do": "erase"})
        self.send_for_the_collector()

    def send_for_the_collector(self) -> None:
        """What its element would send from its page, and what it never would."""
        self.ask("GET", "/tides/", Accept="text/html")
        page = self.seen[-1]
        key = re.search(rb'data-askfirst-collector="([^"]+)"', page.body)
        word = re.search('desc="tides[.]([^"]+)"', dict(page.headers)["server-timing"])
        assert key is not None
        assert word is not None
        whose = {"collector": key[1].decode(), "vouch": word[1]}
        for more in (whose, {**whose, "vouch": "A" * 43}, {**whose, "collector": self.who.page}):
            for at in ("/tides/", self.who.page):
                sent = self.events(**more)
                named = {"purpose": "tides/statistics", "page": at}
                sent["events"] = [{**each, **named} for each in self.told]
                self.post("/askfirst/events", sent)

    def refuse(self, edition: str) -> None:
        """The refusal itself, and answers that are refused."""
        answer = {"v": 2, "edition": edition, "lang": "en", "method": "reject_all"}
        grant = {**answer, "method": "accept_all", "adult": True}
        self.post("/askfirst/consent", grant, Sec_Fetch_Site="cross-site")
        self.post("/askfirst/consent", {**grant, "adult": False})
        self.post("/askfirst/consent", {**grant, "edition": "0" * 64})
        self.post("/askfirst/consent", b"\xff")
        self.post("/askfirst/consent", {**answer, "method": "save", "choices": {"tides/x": 2}})
        self.post("/askfirst/consent", {**answer, "method": "save", "choices": REFUSED})
        one_by_one, self.cookie = self.cookie, ""
        self.post("/askfirst/consent", answer)
        assert self.cookie == one_by_one, "a refusal names no collector"
