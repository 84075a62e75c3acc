"""Identifiers in paths."""

from __future__ import annotations

import base64
import re
import string
import uuid
from collections.abc import Callable
from random import Random
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.observe.identifiers import ID, template
from askfirst.observe.page import page

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.mark.parametrize(
    "segment",
    ["1", "0042", "8812", "1899", "2100", "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
     "3F2504E04F8911D39A0C0305E82C3301", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "a1b2c3", "507f1f77bcf86cd7",
     "jane.doe@example.org", "dQw4w9WgXcQ", "eyJhbGciOiJIUzI1NiJ9", "aGVsbG8gd29ybGQ=",
     "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKWzV", "a\x00b", "lorem-" * 34, "١٢٣",
     "10.20.30.40", "host-192.168.0.1.html", "2001:db8::1", "06-35-87-59-04", "+33 6 35 87 59 04",
     "ABC-123-456", "944-159-2231", "1985-03-12", "24.09.2011", "4111-1111-1111-1111",
     "qzkjtxhmbwplrnhgfdcv", "jane(at)example.org", "jane [at] example", "jane.doe{AT}example.org",
     "jane@1.com", "jane@12.de", "jane@127", "jane@1.2", "@jane", "jane.doe@12", "jane@[10.2.0.1]",
     "2012111217", "20121112", "user@1", "jane-doe@1", "jane@1.html", "jane.doe-x@1.html",
     # A date beside more digits may be a number of anything.
     "2026-01-17-4", "2026-01-17-4.html", "2026-01-17-A17", "2026-01-17-x"],
)  # fmt: skip
def test_identifiers_are_replaced(segment: str) -> None:
    """M26: what names one thing or one person becomes `:id`."""
    assert template(segment) == ID


@pytest.mark.parametrize(
    "segment",
    ["", "blog", "about-us", "iphone-15-pro", "v2", "html5", "web3", "sha256", "windows-10-x64",
     "JavaScriptGuide", "kibana-dashboard3.png", "facade", "deadbeef", "über-uns", "日本語",
     "index.html", "GitHubActions", "html5-css3", "IPv4-or-IPv6", "libx11-dev", "python3-yaml",
     "AsyncIteratorHelpers", "YouTube-Channel", "dd-MM-yyyy-format", "Gjeorgjisht",
     "jquery-3.7.1.min.js", "My-Post-About-Cats-2", "HowToWriteGoodDocumentation",
     "Donaudampfschifffahrtsgesellschaft", "README", "user_name", "co2-bilanz", "2014",
     "best-laptops-2026", "year-in-review-2011.html", "season-2023-24", "1939-1945", "ces2026",
     "ubuntu-22.04", "internationalization", "flashback2010", "sysadvent2009",
     "Lang-Team-Meeting@0.html", "governance-wg@12.html", "1.62.1-prerelease", "Rust-1.12.1.html",
     "bundesverfassungsgericht", "2026-11", "2011-09-24", "2026-01-17-spring-tides",
     "2026-01-17-10-harbours-for-small-boats.html", "grok-20070915.html", "notes-1.20101030.html",
     "xdo__cmd_8h_source.html",
     "project-director-update-june-2025-what-we-did-and-what-comes-next-for-all-of-us-together",
     "how-to-choose-the-right-harbour-for-a-small-boat-when-the-tide-is-low-and-the-wind-is-high-"
     "with-seven-examples-from-the-coast-of-brittany-and-a-map-to-print-and-take-along"],
)  # fmt: skip
def test_words_are_kept(segment: str) -> None:
    """A path that says only what everybody sees stays as it is."""
    assert template(segment) == segment


@pytest.mark.parametrize(
    ("segment", "kept"),
    [
        ("invoice-20260117", "invoice-:id"),
        ("ORD-2024-00017.pdf", ":id"),
        # As an order is numbered, and not as the file of a page is called.
        ("order-20240115", "order-:id"),
        ("notes-1.20100227", "notes-1.:id"),
        ("notes-20100227.pdf", "notes-:id.pdf"),
        ("notes-19991231.html", "notes-:id.html"),
        ("2026-01-17-0635875904", ":id"),
        ("2026-01-17-order-48213", "2026-01-17-order-:id"),
        ("johnsmith1985", "johnsmith:id"),
        ("product12345", "product:id"),
        ("my-post-507f1f77bcf8", "my-post-:id"),
    ],
)
def test_identifiers_within_a_segment(segment: str, kept: str) -> None:
    """The words around an identifier stay."""
    assert template(segment) == kept


def base64url(random: Random, size: int) -> str:
    return base64.urlsafe_b64encode(random.randbytes(size)).decode().rstrip("=")


@pytest.mark.parametrize(
    "make",
    [
        lambda random: str(uuid.UUID(bytes=random.randbytes(16))),
        lambda random: random.randbytes(16).hex(),
        lambda random: "".join(random.choices(CROCKFORD, k=26)),
        lambda random: base64url(random, 16),
        lambda random: base64url(random, 32),
        lambda random: base64.b64encode(random.randbytes(16)).decode().replace("/", "_"),
        lambda random: str(random.randrange(10**4, 10**12)),
        lambda random: "".join(random.choices(string.ascii_lowercase, k=20)),
        lambda random: "".join(random.choices(string.ascii_lowercase + string.digits, k=20)),
        lambda random: "-".join(f"{random.randrange(1000):03}" for _ in range(3)),
    ],
)
def test_random_identifiers_do_not_pass(make: Callable[[Random], str]) -> None:
    """M26: of a thousand random identifiers of a kind, at most 30 keep eight characters."""
    random = Random(20_261_122)
    made = [make(random) for _ in range(1000)]
    kept = [name for name in made if len(template(name).replace(ID, "")) >= 8]
    assert len(kept) <= 30, kept


def _day(random: Random) -> str:
    return f"20{random.randrange(40):02}{random.randrange(1, 13):02}{random.randrange(1, 29):02}"


NUMBERS: dict[str, Callable[[Random], str]] = {
    "e-mail": lambda random: f"jane.{random.randrange(99)}@mail{random.randrange(99)}.example",
    "user@n": lambda random: f"user@{random.randrange(100)}",
    "telephone": lambda random: f"+{random.randrange(1, 99)} {random.randrange(10**8, 10**9)}",
    "in pairs": lambda random: "-".join(f"{random.randrange(100):02}" for _ in range(5)),
    "order": lambda random: f"order-{random.randrange(10**4, 10**7)}",
    "by day": lambda random: f"order-{_day(random)}",
    "by day, numbered": lambda random: f"order-{_day(random)}-{random.randrange(1, 99)}",
    "two letters": lambda random: f"AB-{_day(random)}",
    "by year": lambda random: f"INV-{random.randrange(2015, 2027)}-{random.randrange(10**5):05}",
    "birth": lambda random: f"johnsmith{random.randrange(1930, 2000)}",
    "address": lambda random: ".".join(str(random.randrange(256)) for _ in range(4)),
    "uuid": lambda random: str(uuid.UUID(bytes=random.randbytes(16))),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_no_identifier_passes_beside_a_date(kind: str) -> None:
    """M26: what a date lets stand, at a start or in the segments above, lets none of these stand.

    Nor does a route that says that titles stand there.
    """
    random, write = Random(20_261_130), NUMBERS[kind]
    places = ("/x/{}", "/x/my-{}", "/x/2026-01-17-{}", "/x/2026/01/17/{}", "/x/2026/Jan/{}")
    for identifier in (write(random) for _ in range(300)):
        for place in places:
            address = place.format(quote(identifier))
            for routes in ((), ("/x/**",)):
                value = page(address, {}, routes)
                assert len(value) == 3
                assert identifier not in value[1], address


@pytest.mark.parametrize(("size", "most"), [(9, 60), (12, 20), (16, 10), (24, 5), (32, 5)])
def test_random_base64_hardly_ever_reads_like_words(size: int, most: int) -> None:
    """M26: of 2,000 tokens of so many bytes so few stay whole; of 16 bytes and more 1 in 200."""
    random = Random(20_261_130)
    tokens = [base64url(random, size) for _ in range(2000)]
    assert len([token for token in tokens if template(token) == token]) <= most
    if size >= 16:
        files = [f"{token}.html" for token in tokens]
        assert len([file for file in files if template(file) == file]) <= most


@given(st.text())
def test_any_segment_is_read(segment: str) -> None:
    """Nothing raises; digits come through in runs of at most three, but for years."""
    kept = template(segment)
    runs = "".join(c if c in string.digits else " " for c in kept.replace(ID, " ")).split()
    assert all(len(run) <= 3 or re.fullmatch("(19|20)..", run) for run in runs)


@given(st.text(string.ascii_letters + string.digits + "-_.@=", max_size=80))
def test_twice_is_once(segment: str) -> None:
    """A path that a relay has cut is not changed by the collector."""
    assert template(template(segment)) == template(segment)
