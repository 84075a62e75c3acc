"""The visitor's address behind trusted proxies."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.observe.proxies import MOST_HOPS, Proxies

XFF = Proxies.of(["10.0.0.0/8", "2001:db8:1::/48", "unix"])
FORWARDED = Proxies.of(["10.0.0.0/8", "2001:db8:1::/48"], header="forwarded")


def client(header: str, *, peer: str = "10.0.0.1", proxies: Proxies = XFF) -> str | None:
    address = proxies.client(peer, {proxies.header.encode(): header.encode("latin-1", "replace")})
    return None if address is None else str(address)


NGINX, EDGE, VISITOR = "10.0.0.1", "104.16.1.1", "24.30.40.50"


@pytest.mark.parametrize(
    ("peer", "headers", "name"),
    [
        (VISITOR, {}, ""),
        (NGINX, {"x-forwarded-for": VISITOR, "x-real-ip": VISITOR}, ""),
        (NGINX, {"x-forwarded-for": f"{VISITOR}, 10.2.3.4", "x-real-ip": "10.2.3.4"}, ""),
        ("unix:", {}, ""),
        ("", {"x-forwarded-for": VISITOR}, ""),
        # Nobody named it: on the machine itself, and on the other side of the world.
        ("127.0.0.1", {"x-forwarded-for": VISITOR}, "x-forwarded-for"),
        ("127.0.0.1", {"x-real-ip": "10.7.7.7"}, ""),
        ("127.0.0.1", {"x-real-ip": "192.168.7.7"}, "x-real-ip"),
        (EDGE, {"forwarded": f"for={VISITOR}"}, "forwarded"),
        (EDGE, {"cf-connecting-ip": VISITOR}, "cf-connecting-ip"),
        # The nearest is trusted, the one behind it is not.
        (NGINX, {"x-forwarded-for": f"{VISITOR}, {EDGE}"}, "x-forwarded-for"),
        (NGINX, {"x-forwarded-for": EDGE, "cf-connecting-ip": VISITOR}, "cf-connecting-ip"),
        # A layer in front of the gate has read the header already, as far as it believed it.
        (VISITOR, {"x-forwarded-for": VISITOR}, ""),
        (EDGE, {"x-forwarded-for": f"{VISITOR}, {EDGE}"}, "x-forwarded-for"),
        # A proxy at home is no business of the site's.
        (NGINX, {"x-forwarded-for": f"192.168.1.5, {VISITOR}"}, ""),
    ],
)
def test_a_proxy_that_nobody_named(peer: str, headers: dict[str, str], name: str) -> None:
    """What somebody says who is not believed, where it would make all visitors one network."""
    pairs = [(key.encode(), value.encode()) for key, value in headers.items()]
    assert XFF.unbelieved(peer, pairs) == name


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7, 10.1.2.3", "198.51.100.7"),
        ("198.51.100.7:1234, 10.1.2.3:80", "198.51.100.7"),
        ("[2001:db8::7]:1234, 2001:db8:1::1", "2001:db8::7"),
        ("198.51.100.7, ::ffff:10.1.2.3", "198.51.100.7"),
        ("203.0.113.9,, 198.51.100.7 ,", "198.51.100.7"),
        ("203.0.113.9, unknown", None),
        ("203.0.113.9, garbage, 10.1.2.3", None),
        ("10.9.9.9, 10.1.2.3", None),
        ("", None),
    ],
)
def test_the_right_most_untrusted_address(header: str, address: str | None) -> None:
    """What stands left of the first address we do not trust was written by the visitor."""
    assert client(header) == address


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("for=198.51.100.7", "198.51.100.7"),
        ('For="[2001:db8::7]:4711"', "2001:db8::7"),
        ("for=203.0.113.9;proto=http, for=198.51.100.7;by=10.0.0.1;host=a", "198.51.100.7"),
        ('for=203.0.113.9, for="198.51.100.7:1" , for=10.1.2.3', "198.51.100.7"),
        ('by=10.0.0.1;for="198.51.100.7";host="a,b;c"', "198.51.100.7"),
        ("for=203.0.113.9, for=_hidden", None),
        ("for=203.0.113.9, proto=https", None),
        ('for=203.0.113.9, for="198.51', None),
        ("for=198.51.100.7 for=203.0.113.9", None),
        ("198.51.100.7", None),
        ("", None),
    ],
)
def test_forwarded(header: str, address: str | None) -> None:
    """RFC 7239: pairs, quotes and lists; a malformed header tells nothing."""
    assert client(header, proxies=FORWARDED) == address


def test_only_trusted_proxies_are_believed() -> None:
    """From anybody else the header is a claim, and the connection's own address counts."""
    assert client("203.0.113.9", peer="198.51.100.7") == "198.51.100.7"
    assert client("203.0.113.9", proxies=Proxies(), peer="10.0.0.1") == "10.0.0.1"
    assert client("for=203.0.113.9", proxies=XFF) is None


def test_only_the_configured_header_is_read() -> None:
    """A proxy that writes one header passes the other one on as the visitor sent it."""
    headers = {b"forwarded": b"for=203.0.113.9", b"x-forwarded-for": b"198.51.100.7"}
    assert str(XFF.client("10.0.0.1", headers)) == "198.51.100.7"
    assert str(FORWARDED.client("10.0.0.1", headers)) == "203.0.113.9"


def test_a_unix_socket_is_trusted_only_when_named() -> None:
    """A proxy on a Unix socket has no address of its own."""
    assert client("198.51.100.7", peer="") == "198.51.100.7"
    assert client("for=198.51.100.7", peer="", proxies=FORWARDED) is None


def test_hops_are_bounded() -> None:
    """However long a header, only the last hops are looked at."""
    assert client("198.51.100.7, " + "10.1.1.1," * (MOST_HOPS + 1)) is None
    assert client("1.1.1.1," * 100_000 + "198.51.100.7") == "198.51.100.7"


def test_a_bad_setting_is_found_at_start() -> None:
    """A network that is none raises when the setting is read."""
    with pytest.raises(ValueError, match="ten"):
        Proxies.of(["ten"])


addresses = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str)


@given(st.lists(st.text() | addresses), addresses, st.lists(st.just("10.1.1.1"), max_size=5))
def test_no_claim_wins(claims: list[str], visitor: str, hops: list[str]) -> None:
    """Whatever a visitor claims, the address that the first trusted proxy saw is the one."""
    header = ", ".join([*claims, visitor, *hops])
    honest = client(", ".join([visitor, *hops]))
    if honest is not None:
        assert client(header) == honest


@given(st.text(), st.text())
def test_any_header_is_read(header: str, peer: str) -> None:
    """Nothing raises."""
    client(header), client(header, proxies=FORWARDED), client(header, peer=peer)


@pytest.mark.parametrize("unit", ['"', "\\", "for=", ";", " ", 'for="', "a=b;", '"\\'])
def test_hostile_headers_take_no_time(unit: str) -> None:
    """S19: a header of 64 kB is read at once, also one that is no list in the end."""
    began = time.process_time()
    for tail in ("", "\x01", "x, for=192.0.2.1"):
        client(f"a=b;{unit * (65_536 // len(unit))}{tail}", proxies=FORWARDED)
    assert time.process_time() - began < 5
