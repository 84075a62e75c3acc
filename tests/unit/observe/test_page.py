"""The page of an event."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.observe.page import page
from askfirst.terms.attributes import UNKNOWN
from askfirst.terms.sets import ANY

LISTED = {"sort": frozenset({"price", "a & b"}), "utm_source": frozenset({"news"})}


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("/", ("/", "/", "none")),
        ("/blog", ("/blog", "/blog", "none")),
        ("/blog/", ("/blog", "/blog", "none")),
        ("/blog//2026/x", ("/blog", "/blog/2026/x", "none")),
        ("/blog/2026/09/24/x", ("/blog", "/blog/2026/09/24/x", "none")),
        ("/blog/2007/Jan/27", ("/blog", "/blog/2007/Jan/27", "none")),
        ("/blog/2007/january/27/17", ("/blog", "/blog/2007/january/27/:id", "none")),
        ("/2007/january", ("/2007", "/2007/january", "none")),
        ("/blog/2026/09/32", ("/blog", "/blog/2026/09/:id", "none")),
        ("/born/1985/03/12", ("/born", "/born/1985/03/:id", "none")),
        ("/2026/orders/17", ("/2026", "/2026/orders/:id", "none")),
        ("/2026/marketing/17", ("/2026", "/2026/marketing/:id", "none")),
        ("/2026/x/09/17", ("/2026", "/2026/x/:id/:id", "none")),
        ("/09/17", ("/:id", "/:id/:id", "none")),
        ("/orders/09", ("/orders", "/orders/:id", "none")),
        ("/a/../b/./c", ("/b", "/b/c", "none")),
        ("/Shop/8812?sort=price&u=7", ("/Shop", "/Shop/:id", "sort=price")),
        ("/%C3%BCber%20uns", ("/über uns", "/über uns", "none")),
        ("/a%2Fb", ("/a b", "/a b", "none")),
        ("/x;jsessionid=CANARY", ("/x", "/x", "none")),
        ("/x#CANARY", ("/x", "/x", "none")),
        ("https://user:CANARY@other.example/x?sort=price", ("/x", "/x", "sort=price")),
        ("//name/path", ("/name", "/name/path", "none")),
        ("\\\\name/path", ("/name", "/name/path", "none")),
        ("", ("/", "/", "none")),
    ],
)
def test_section_path_query(address: str, value: tuple[str, ...]) -> None:
    """M26: fragment, user, host and path parameters are cut, one page has one name."""
    assert page(address, LISTED) == value


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("topic=Spring+tides", "topic=Spring tides"),
        ("topic=a%26sort%3Dprice", "topic=other"),
        ("topic=%3Cimg+src%3Dx%3E", "topic=other"),
        ("topic=ada@mailbox.example", "topic=:id"),
        ("topic=7f3ec0ffee99a1b2", "topic=:id"),
        ("topic=42", "topic=42"),
        ("topic=4242", "topic=:id"),
        ("topic=" + "tide+" * 1000, "topic=other"),
        ("topic=", "topic=none"),
        ("sort=canary&topic=x", "sort=other&topic=x"),
    ],
)
def test_any_value_is_bounded(query: str, part: str) -> None:
    """M25: where any value may be stored it is a short one, without identifiers or markup."""
    assert page(f"/x?{query}", {**LISTED, "topic": ANY})[2] == part


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("utm_source=news&sort=price", "sort=price&utm_source=news"),
        ("sort=canary", "sort=other"),
        ("sort=", "sort=other"),
        ("sort=price&sort=canary", "sort=price"),
        ("sort=a+%26+b", "sort=a %26 b"),
        ("Sort=price&uid=64bits&canary", "none"),
        ("sort=%FF", "sort=other"),
    ],
)
def test_listed_parameters_listed_values(query: str, part: str) -> None:
    """M25: of a query only listed values come through, each parameter once, in order."""
    assert page(f"/x?{query}", LISTED)[2] == part


@pytest.mark.parametrize("segment", ["a%40b.org", "%2540", "%ff", "%00", "%252e", "%E2%80%AE"])
def test_encoding_hides_nothing(segment: str) -> None:
    """M26: an identifier does not pass by being percent-encoded, once or twice."""
    assert page(f"/u/{segment}", {}) == ("/u", "/u/:id", "none")


@pytest.mark.parametrize(
    "address", [None, 7, [], "javascript:alert(1)", "data:,x", "/" + "a" * 9000]
)
def test_the_rest_is_unknown(address: object) -> None:
    """What is no web address is unknown."""
    assert page(address, LISTED) == (UNKNOWN,)


def test_a_very_deep_path_is_unknown_below_its_section() -> None:
    """The finer parts are unknown when there is too much of them."""
    assert page("/docs" + "/deep" * 500, {}) == ("/docs", UNKNOWN)


@given(st.text(), st.text(), st.text())
def test_any_address_is_read(address: str, name: str, value: str) -> None:
    """Nothing raises, and no unlisted value comes through."""
    for text in (address, "/" + address, f"/x?{address}"):
        parts = page(text, {name: frozenset({value})})
        assert all(isinstance(part, str) and part for part in parts)
        if len(parts) == 3:
            assert "CANARY" not in page(f"/?{name}=CANARY{value}", {name: frozenset({value})})[2]


@pytest.mark.corpus
def test_every_url_of_the_web_platform(corpus: Path) -> None:
    """No URL of the web platform tests raises; valid and invalid ones give a page or unknown."""
    for row in json.loads((corpus / "referrer/wpt-urltestdata.json").read_text(encoding="utf-8")):
        if isinstance(row, dict):
            assert page(row["input"], LISTED)
            assert page("/" + row["input"], LISTED)


@pytest.mark.corpus
def test_naughty_strings(corpus: Path) -> None:
    """The big list of naughty strings gives pages without line breaks or controls."""
    for text in json.loads((corpus / "naughty/blns.json").read_text(encoding="utf-8")):
        assert all(part.isprintable() for part in page("/" + text, LISTED))


def paths_of_the_log(corpus: Path) -> set[str]:
    """The paths of a large blog, each once with a slash at its end or without."""
    with gzip.open(corpus / "logs/log_replay_testip.jsonl.gz", "rt", encoding="utf-8") as log:
        return {json.loads(line)["path"].partition("?")[0].rstrip("/") for line in log}


@pytest.mark.corpus
def test_pages_of_a_real_blog_keep_their_names(corpus: Path) -> None:
    """Of 1,228 pages, posts, files, fonts and all, 51 hold an `:id`, none made of words alone."""
    paths = paths_of_the_log(corpus)
    names = {path: page(path, {})[1] for path in paths}
    folded = [path for path in paths if ":id" in names[path]]
    assert (len(paths), len(folded)) == (1228, 51)
    assert [path for path in folded if not re.search("[0-9]", path)] == []


@pytest.mark.corpus
def test_no_two_articles_of_a_real_blog_share_a_name(corpus: Path) -> None:
    """494 posts, tags and archives, with a whole date in 26 of their names: without any route."""
    articles = {path for path in paths_of_the_log(corpus) if path.startswith("/blog/")}
    assert len(articles) == 494
    count = Counter(page(path, {})[1] for path in articles)
    assert [name for name, times in count.items() if times > 1] == []
