"""What every framework's example does with what a browser says by itself, over sockets."""

from __future__ import annotations

from tests.system.frameworks.servers import Site
from tests.system.frameworks.visitor import Visitor

STATE = "__Host-askfirst"
RECEIPT = "__Host-askfirst-receipt"
COUNTED, NOT_COUNTED = "You are counted.", "You are not counted."
OFFERS, NO_OFFERS = "Offers are shown.", "No offers."


def granted(site: Site) -> Visitor:
    """Somebody who agreed to all of it."""
    visitor = site.visitor()
    assert visitor.answer("accept_all").status == 303
    return visitor


class Signals:
    """A part of `Behaviour`."""

    def test_signals_in_any_case(self, site: Site) -> None:
        """M21, M22: GPC beats the grant where a purpose sells; header names have no case."""
        visitor = granted(site)
        page = visitor.get("/", ("sEC-gPC", "1"))
        assert COUNTED in page.text
        assert NO_OFFERS in page.text
        cookie = "; ".join(f"{name}={value}" for name, value in visitor.jar.items())
        assert COUNTED in site.visitor().get("/", ("COOKIE", cookie)).text
        assert NO_OFFERS in visitor.get("/", ("Sec-GPC", "0"), ("Sec-GPC", "1")).text

    def test_what_the_browser_takes_back_ends(self, site: Site) -> None:
        """S07, M12: a part, an objection, then all of it, also by a request that shows no page."""
        visitor = granted(site)
        visitor.get("/settings")
        page = visitor.get("/", ("adPC", 'withdraw="statistics nonsense", consent=statistics'))
        assert NOT_COUNTED in page.text
        assert OFFERS in page.text
        assert STATE in page.sets()
        assert page.one("cache-control").startswith("private")
        assert "_pulse" not in visitor.jar
        assert NOT_COUNTED in visitor.get("/").text  # it was an answer, not only a signal
        record = visitor.get("/askfirst/rights/me", ("Accept", "application/json")).json["record"]
        assert (record["granted"], record["denied"]) == (
            ["marketing", "preferences"],
            ["statistics"],
        )
        assert NO_OFFERS in visitor.get("/", ("ADPC", "object=direct-marketing")).text
        assert visitor.send("HEAD", "/about", headers=[("ADPC", "withdraw=*")]).body == b""
        assert RECEIPT not in visitor.jar
        assert 'id="askfirst-notice"' not in visitor.get("/").text

    def test_who_never_answered_has_refused_in_the_browser(self, site: Site) -> None:
        """S07, M08, M09: nobody is asked; it is the cookie of a refusal; consent is none."""
        refuser, visitor = site.visitor(), site.visitor()
        refuser.answer("reject_all")
        for part in ("consent=statistics", "withdraw=statistics", "withdraw=*, consent=statistics"):
            asked = visitor.get("/", ("ADPC", part)).text
            assert 'id="askfirst-notice"' in asked
            assert NOT_COUNTED in asked
            assert visitor.jar.keys().isdisjoint({STATE, RECEIPT})
        page = visitor.get("/", ("ADPC", "object=direct-marketing"), ("ADPC", "withdraw=*"))
        assert 'id="askfirst-notice"' not in page.text
        assert visitor.jar[STATE] == refuser.jar[STATE]
        assert RECEIPT not in visitor.jar
        again = visitor.get("/", ("ADPC", "withdraw=*"))
        assert STATE not in again.sets()

    def test_events_are_under_it_too(self, site: Site) -> None:
        """S07, M20: what is taken back with the request that tells of it is not stored."""
        visitor = granted(site)
        event = {"purpose": "statistics", "type": "page_view", "page": "/about"}
        body = {"v": 1, "batch": "S" * 22, "events": [event]}
        visitor.also = [("ADPC", "withdraw=statistics")]
        told = visitor.post_json("/askfirst/events", body)
        assert told.json["dropped"] == [{"index": 0, "reason": "opt-out-signal"}]

    def test_a_grant_beside_it_leaves_the_purpose_as_it_was(self, site: Site) -> None:
        """S07, M23: what the browser denies no notice grants."""
        visitor = site.visitor()
        choices = visitor.get("/askfirst/choices")
        chosen = {f"purpose.{name}": "2" for name in ("statistics", "marketing", "preferences")}
        visitor.also = [("ADPC", "withdraw=marketing")]
        visitor.press(choices, "save", **chosen, detail="2")
        visitor.also = []
        page = visitor.get("/")
        assert COUNTED in page.text
        assert NO_OFFERS in page.text

    def test_a_script_of_another_origin_decides_nothing(self, site: Site) -> None:
        """M47: where the application answers its preflight, the header holds for that request."""
        visitor = granted(site)
        sent = [("ADPC", "withdraw=*"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-site")]
        assert NOT_COUNTED in visitor.get("/", *sent).text
        assert COUNTED in visitor.get("/").text

    def test_browsers_find_what_is_asked(self, site: Site) -> None:
        """S07: each purpose with its words, in a language, and a name that may be taken back."""
        got = site.visitor().get("/askfirst/consent-requests?lang=en")
        asked = got.json["consentRequests"]
        assert {one["id"] for one in asked} == {"preferences", "statistics", "marketing"}
        assert all(": " in one["text"] for one in asked)
        assert got.one("content-language") == "en"
