"""A POST to an address somebody else chose: public, pinned, verified, and short."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from askfirst_collector.public_address import is_public
from askfirst_collector.webhooks.pinned_http import Poster, Unreachable

from .listener import Listener, listening, silent

NOT_PUBLIC = (
    *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
    *("240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1"),
    *("2002:7f00:1::1", "2001:0:7f00:1::1", "fec0::1", "feff::1", "3fff::1", "192.88.99.1"),
    *("192.0.0.9", "192.0.0.170"),
)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    with listening(tmp_path) as found:
        yield found


def poster(listener: Listener, *, seconds: float = 10.0, seen: list[str] | None = None) -> Poster:
    """One for which the listener is the public net, and every name leads to it."""

    def resolve(host: str, port: int) -> list[str]:
        if seen is not None:
            seen.append(host)
        return ["127.0.0.1"]

    return Poster(resolve=resolve, allowed=lambda _: True, tls=listener.trusting(), seconds=seconds)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    """Loopback, private, CGNAT, link-local, ULA, multicast, mapped: nothing is even connected."""
    assert not is_public(ip_address(address))
    with pytest.raises(Unreachable, match="not-public"):
        Poster(resolve=lambda *_: [address]).post("https://hooks.example/", {}, b"")
    with pytest.raises(Unreachable, match="not-public"):
        Poster(resolve=lambda *_: ["8.8.8.8", address]).post("https://hooks.example/", {}, b"")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_an_address_of_the_public_net_is_one(address: str) -> None:
    """The opposite, so that the list above proves something."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize("written", ["127.0.0.1", "[::1]", "0x7f000001", "2130706433", "127.1"])
def test_an_address_written_into_the_url_is_judged_as_any(written: str) -> None:
    """By the system's own resolver, which understands more spellings than one would list."""
    with pytest.raises(Unreachable, match=r"not-public|no-address"):
        Poster().post(f"https://{written}:9/", {}, b"")


def test_the_name_is_resolved_once_and_verified(listener: Listener) -> None:
    """Connected to the pinned address, with the name in TLS and in Host."""
    seen: list[str] = []
    status = poster(listener, seen=seen).post(listener.url("/a?b=c"), {"x-a": "1"}, b"told")
    path, headers, body = listener.came[0]
    assert (status, path, body, headers["x-a"]) == (204, "/a?b=c", b"told", "1")
    assert headers["host"] == f"hooks.example:{listener.port}"
    assert seen == ["hooks.example"]


def test_another_name_is_not_believed(listener: Listener) -> None:
    """A certificate of somebody else, or of an unknown authority: nothing is sent."""
    with pytest.raises(Unreachable, match="tls"):
        poster(listener).post(listener.url(host="other.example"), {}, b"told")
    unknown = Poster(resolve=lambda *_: ["127.0.0.1"], allowed=lambda _: True)
    with pytest.raises(Unreachable, match="tls"):
        unknown.post(listener.url(), {}, b"told")
    assert listener.came == []


def test_a_redirect_is_not_followed(listener: Listener) -> None:
    """Its target would be an address that nobody judged."""
    listener.answers.append((302, {"location": listener.url("/elsewhere")}))
    assert poster(listener).post(listener.url(), {}, b"") == 302
    assert [path for path, _, _ in listener.came] == ["/told"]


def test_time_is_bounded_however_slowly_an_answer_comes(listener: Listener) -> None:
    """A byte now and then keeps no connection; nor does a port that says nothing at all."""
    listener.dripping = threading.Event()
    began = time.monotonic()
    with pytest.raises(Unreachable):
        poster(listener, seconds=0.3).post(listener.url(), {}, b"")
    with silent() as quiet:
        url = f"https://hooks.example:{quiet.getsockname()[1]}/"
        with pytest.raises(Unreachable):
            poster(listener, seconds=0.3).post(url, {}, b"")
    assert time.monotonic() - began < 5


def test_what_cannot_be_reached_is_one_kind_of_fault() -> None:
    """A name that is none, no address, a port that nobody listens on."""

    def unknown(*_: object) -> list[str]:
        raise OSError

    with silent() as closed:
        port = closed.getsockname()[1]
    faults = (
        Poster(resolve=unknown),
        Poster(resolve=lambda *_: []),
        Poster(resolve=lambda *_: ["127.0.0.1"], allowed=lambda _: True),
    )
    for found in faults:
        with pytest.raises(Unreachable, match=r"no-address|no-answer"):
            found.post(f"https://hooks.example:{port}/", {}, b"")
    assert ssl.create_default_context().check_hostname
