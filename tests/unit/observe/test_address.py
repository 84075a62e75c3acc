"""Addresses as other programs write them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.observe.address import is_public, read_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1:443 ", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:8080", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:c000:201]:1", "192.0.2.1"),
    ],
)
def test_forms_of_an_address(text: str, address: str) -> None:
    """Ports, brackets, zones and IPv4-mapped addresses are unwrapped."""
    assert str(read_address(text)) == address


@pytest.mark.parametrize(
    "text",
    ["", "unknown", "_hidden", "192.0.2", "192.0.2.256", "192.0.2.1:http", "192.0.2.1:", "1",
     "[2001:db8::1", "[2001:db8::1]x", "010.0.0.1", "192.0.2.1, 192.0.2.2", "::1" * 99, "٣.0.2.1"],
)  # fmt: skip
def test_anything_else_is_none(text: str) -> None:
    """What is no address is not repaired."""
    assert read_address(text) is None


@given(st.text() | st.from_regex(r"[\[\]0-9a-f:.%]{0,50}"))
def test_any_text_is_read(text: str) -> None:
    """Nothing raises."""
    read_address(text)


# Blocks of which the registries except a few addresses; they are no visitors' either.
EXCEPTED = tuple(map(ip_network, ("192.0.0.0/24", "100.64.0.0/10", "2001::/23", "::/8")))


@given(st.ip_addresses())
def test_public_is_what_the_registries_say(address: IPv4Address | IPv6Address) -> None:
    """What Python's table of the registries calls private is not public here, the rest is."""
    if not any(address in block for block in EXCEPTED if block.version == address.version):
        nowhere = address.is_private or address.is_multicast or address.is_link_local
        if not (address.version == 6 and address.is_reserved):
            assert is_public(address) is not (nowhere or address.is_reserved)


@pytest.mark.parametrize(
    ("text", "public"),
    [("9.255.255.255", True), ("10.0.0.0", False), ("10.255.255.255", False), ("11.0.0.0", True),
     ("223.255.255.255", True), ("224.0.0.0", False), ("255.255.255.255", False), ("::", False),
     ("2000::", True), ("2001:db8::", False), ("2001:db9::", True), ("fbff::", True),
     ("fe80::1", False), ("febf:ffff::", False), ("172.32.0.0", True), ("172.31.255.255", False)],
)  # fmt: skip
def test_ends_of_ranges(text: str, public: bool) -> None:
    """The first and last address of a range belong to it, their neighbours do not."""
    assert is_public(ip_address(text)) is public


@given(st.ip_addresses().map(str) | st.from_regex(r"\A[0-9a-f:.]{1,40}\Z"))
def test_a_bare_address_is_read_as_python_reads_it(text: str) -> None:
    """The quick way gives what the standard library gives, mapped addresses unwrapped."""
    try:
        whole = ip_address(text)
    except ValueError:
        whole = None
    if text.count(":") != 1:  # one colon is a port
        mapped = whole.ipv4_mapped if isinstance(whole, IPv6Address) else None
        assert read_address(text) == (mapped or whole)
