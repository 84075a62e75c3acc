"""The notice and the control as HTML."""

from __future__ import annotations

import pytest

from askfirst.gate.visit import KEY, Visit
from askfirst.pages.choices import choices_page
from askfirst.pages.notice import askfirst_notice, notice_html
from askfirst.pages.words import words_in
from askfirst.terms.consent import Consent, Signals
from askfirst.terms.published import published
from tests.unit.gate.shown import HARMLESS, Page, before, document, editions, visitor

WORDS = words_in("en")


def shown(consent: Consent, path: str = "/") -> Page:
    return Page(notice_html(consent, path=path, words=WORDS))


def fields(page: Page, form: str) -> dict[str, str | None]:
    """The hidden fields of a form, in order of the page."""
    found: dict[str, str | None] = {}
    inside = False
    for name, attributes in page.elements:
        if name == "form":
            inside = attributes.get("id") == form
        elif inside and name == "input":
            found[attributes["name"] or ""] = attributes["value"]
    return found


def test_reject_and_accept_are_siblings_of_one_kind() -> None:
    """M03: both are buttons beside each other on the first layer; M04: with the same classes."""
    page = shown(visitor(editions(document())))

    tags = [name for name, _ in page.elements]
    first = tags.index("button")
    assert tags[first : first + 2] == ["button", "button"]
    reject, accept = page.all("button")
    assert (reject["value"], accept["value"]) == ("reject_all", "accept_all")
    assert reject["class"] == accept["class"]
    assert {reject["name"], accept["name"]} == {"method"}


def test_the_first_layer_says_what_the_law_asks() -> None:
    """M15: controller, each purpose, third parties, how long, how to withdraw, and the policy."""
    page = shown(visitor(editions(document())))

    for said in (
        "Tidewater Press",
        "Marketing",
        "To see which of our advertisements",
        "Preferences",
        "Statistics",
        "Adsmith GmbH",
        "third party, for its own purposes, DE",
        "Kept for up to 365 days",
        "“Privacy choices” at the foot of every page",
        "Keeping the site safe",
        "a legitimate interest",
    ):
        assert said in page.text
    assert page.all("a", href="/askfirst/policy")


def test_no_third_parties_are_said_to_be_none() -> None:
    """M15: where nobody else receives anything, that is said."""
    alone = document()
    alone["purposes"]["marketing"]["recipients"] = []
    assert "Nobody else receives it" in shown(visitor(editions(alone))).text


def test_nothing_is_ticked() -> None:
    """M05: the first layer has no box at all."""
    page = shown(visitor(editions(document())))
    assert {attributes["type"] for attributes in page.all("input")} == {"hidden"}


def test_an_answer_leads_back_to_the_page_and_names_the_edition() -> None:
    """M45: the form has all that the contract asks, and works without a script."""
    known = editions(document())
    page = shown(visitor(known), path='/almanac?day="5"')

    assert fields(page, "askfirst-answer") == {
        "v": "2",
        "edition": known.current.hash,
        "lang": "en",
        "return_to": '/almanac?day="5"',
    }
    (form,) = page.all("form")
    assert (form["method"], form["action"]) == ("post", "/askfirst/consent")
    assert page.all("a", href="/askfirst/choices?return_to=/almanac%3Fday%3D%225%22")


def test_accepting_says_the_age_and_refusing_does_not() -> None:
    """M30: where an age is asked, the words of accept declare it; a refusal declares nothing."""
    page = shown(visitor(editions(document(age=18))))

    assert "Accept all, I am 18 or over" in page.text
    (accept,) = page.all("button", value="accept_all")
    assert fields(page, accept["form"] or "")["adult"] == "1"
    assert "adult" not in fields(page, "askfirst-answer")
    reject, child = page.all("button", value="reject_all")
    assert reject.get("form") is None
    assert fields(page, child["form"] or "") == fields(page, "askfirst-answer")
    assert child["class"] == accept["class"]
    assert "I am under 18" in page.text
    assert "I am under" not in shown(visitor(editions(document()))).text


def test_words_are_apart_without_styles() -> None:
    """M15: text browsers and scanners read the notice as it is sent."""
    text = shown(visitor(editions(document()))).text
    assert "Reject all\nAccept all" in text
    for word in ("purpose", "privacy policy", "third party"):
        assert word in text


def test_sharing_is_said_where_somebody_receives() -> None:
    """M15: a use that counts as sharing, but that nobody receives, is not said to be shared."""
    alone = document()
    assert "may be sold or shared" in shown(visitor(editions(alone))).text
    alone["purposes"]["marketing"]["recipients"] = []
    alone["purposes"]["marketing"]["data_use"] = "marketing.advertising.third_party"
    text = shown(visitor(editions(alone))).text
    assert "may be sold or shared" not in text
    assert "Nobody else receives it" in text


def test_hostile_words_are_shown_as_text() -> None:
    """M38: a policy cannot bring an element into the page."""
    page = shown(visitor(editions(document(hostile=True))))
    assert not page.all("img")
    assert page.text.count(HARMLESS) >= 3


def test_the_opt_out_is_said_to_be_honoured() -> None:
    """M22: under GPC the selling purpose is not asked about, and a line says why."""
    page = shown(visitor(editions(document()), gpc=True))

    assert "Global Privacy Control, so this stays off: \u2068Marketing\u2069." in page.text
    assert "To see which of our advertisements" not in page.text
    assert "Adsmith" not in page.text


@pytest.mark.parametrize(
    "consent",
    [
        visitor(editions(document()), 1, marketing=0, preferences=0, statistics=0),
        visitor(editions(document()), 1, marketing=2, preferences=1, statistics=1),
        Consent("example", None, editions(document()), Signals(dnt=True)),
        Consent("example", None, editions(document() | {"for_children": True})),
    ],
    ids=["refused", "granted", "dnt", "children"],
)
def test_nothing_is_asked_where_there_is_nothing_to_ask(consent: Consent) -> None:
    """M08: an answer is not asked for again; the control stays (M11)."""
    page = shown(consent)
    assert not page.all("section", id="askfirst-notice")
    assert page.all("section", id="askfirst-control")


def test_what_changed_is_asked_alone() -> None:
    """M16: only what widened is asked, said in sentences; refusing it turns it off."""
    newer = document()
    page = shown(
        visitor(editions(before(newer), newer), 1, marketing=0, preferences=2, statistics=2)
    )

    assert "What changed" in page.text
    assert "It would store your country and region" in page.text
    assert "Counts would be kept 365 days, not 90 days." in page.text
    assert "To see which of our advertisements" not in page.text
    refuse, accept = page.all("button")[-2:]
    assert refuse["value"] == "save"
    refused = fields(page, "askfirst-answer")
    assert {n: v for n, v in refused.items() if n.startswith("purpose.")} == {
        "purpose.statistics": "0"
    }
    assert accept["value"] == "accept_all"
    chosen = fields(page, "askfirst-accept")
    assert {n: v for n, v in chosen.items() if n.startswith("purpose.")} == {
        "purpose.statistics": "2"
    }


def test_what_is_new_is_accepted_at_the_detail_that_holds() -> None:
    """M16: all that is granted has one detail: accepting a part does not make the rest finer."""
    newer = document()
    page = shown(visitor(editions(before(newer), newer), 1, marketing=0, statistics=1))
    assert fields(page, "askfirst-accept")["detail"] == "1"
    assert "detail" not in fields(page, "askfirst-answer")


def test_a_new_purpose_is_refused_by_its_name() -> None:
    """M16: refusing a purpose that came later refuses that one, and withdraws nothing."""
    newer = document()
    older = document()
    del older["purposes"]["marketing"]
    page = shown(visitor(editions(older, newer), 1, preferences=2, statistics=2))

    refused = fields(page, "askfirst-answer")
    assert {n: v for n, v in refused.items() if n.startswith("purpose.")} == {
        "purpose.marketing": "0"
    }


def test_the_control_shows_the_present_choice_and_withdraws_in_one_step() -> None:
    """M11: what was chosen is said, and one activation takes it back, as one gave it."""
    page = shown(visitor(editions(document()), 1, marketing=0, preferences=1, statistics=1))

    assert "Privacy choices: 2 of 3 on, less detail" in page.text
    full = shown(visitor(editions(document()), 1, marketing=0, preferences=0, statistics=2))
    assert "Privacy choices: 1 of 3 on" in full.text
    assert "less detail" not in full.text
    (withdraw,) = page.all("button")
    assert withdraw["value"] == "withdraw"
    assert page.all("a", href="/askfirst/choices?return_to=/")


def test_the_control_shows_what_a_signal_turns_off() -> None:
    """M23: GPC now beats an older grant, and the control says so."""
    page = shown(
        visitor(editions(document()), 1, gpc=True, marketing=2, preferences=2, statistics=2)
    )
    assert "2 of 3 on, opt-out honoured" in page.text


def test_a_refuser_has_nothing_to_withdraw() -> None:
    """M11: after a refusal the control says that everything is off."""
    page = shown(visitor(editions(document()), 1, marketing=0, preferences=0, statistics=0))
    assert "Privacy choices: all off" in page.text
    assert not page.all("button")


def test_nothing_is_inline() -> None:
    """M38: no style attribute, no style element, no script, no handler."""
    page = shown(visitor(editions(document(age=18)), gpc=True))
    assert not page.all("style")
    assert not page.all("script")
    names = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in names if name == "style" or name.startswith("on")}


def test_the_helper_reads_the_request() -> None:
    """The template helper takes a scope, knows its page, and is markup to Jinja."""
    consent = visitor(editions(document()))
    scope = {
        "type": "http",
        "path": "/é",
        "raw_path": b"/%C3%A9",
        "query_string": b"a=1&b=2",
        KEY: Visit(lambda _: consent, []),
    }
    made = askfirst_notice(scope)

    assert made.__html__() == made
    assert fields(Page(made), "askfirst-answer")["return_to"] == "/%C3%A9?a=1&b=2"


@pytest.mark.parametrize("kind", [b"iframe", b"embed", b"object"])
def test_nobody_is_asked_in_a_frame(kind: bytes) -> None:
    """M54: whose page a frame stands in cannot be told, so it asks nothing."""
    consent = visitor(editions(document()))
    visit = Visit(lambda _: consent, [(b"sec-fetch-dest", kind)])
    assert askfirst_notice({"type": "http", "path": "/", KEY: visit}) == ""
    assert visit.preload is None


@pytest.mark.parametrize("scope", [{}, {KEY: Visit(lambda _: Consent("example"), [])}])
def test_without_a_gate_or_an_edition_nothing_is_said(scope: dict[str, object]) -> None:
    """A page goes on unharmed where the middleware is missing or knows no edition yet."""
    assert askfirst_notice({"type": "http", "path": "/", **scope}) == ""


def test_that_an_account_is_linked_is_said_in_a_sentence_of_its_own() -> None:
    """M15: where any purpose asks for it and links visits at all, and nowhere else."""
    said = "While you are signed in, it is linked to your account"
    assert said not in shown(visitor(editions(document()))).text
    linking = document()
    linking["purposes"]["statistics"]["levels"]["user_id"] = 1
    assert said in shown(visitor(editions(linking))).text
    # Nothing is linked where no row has a pseudonym.
    linking["purposes"]["statistics"]["levels"]["visitor"] = 0
    unlinked = editions(linking)
    assert said not in shown(visitor(unlinked)).text
    assert "your account" not in choices_page(visitor(unlinked), words=words_in("en"))
    assert "user_id" not in published(unlinked)["details"]["statistics"]["2"]
