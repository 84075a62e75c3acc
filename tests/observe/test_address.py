"""Addresses as other programs write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.observe.address import read_address


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
