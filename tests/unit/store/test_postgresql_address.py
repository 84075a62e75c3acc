"""Addresses of a PostgreSQL: what is one, what is not, and that no password is in a message."""

from __future__ import annotations

import pytest

from askfirst_collector.config import SettingError
from askfirst_collector.store.postgresql_address import Address, of_one_machine, read_address


def test_an_address_says_where_and_who() -> None:
    """A port is PostgreSQL's own where none is named; a password may hold any character."""
    url = "postgresql://ask:g%40h%2Feim@db.example:6432/consents"
    expected = Address("ask", "consents", "db.example", 6432, "g@h/eim", is_encrypted=True)
    assert read_address(url) == expected
    assert read_address("postgres://ask@db.example/consents").port == 5432
    assert read_address(f"  {url.replace('postgresql', 'postgresql+pg8000')}\n") == expected


def test_a_socket_is_a_folder_of_this_machine() -> None:
    """As libpq names it, with the port in the name of the file."""
    address = read_address("postgresql://ask@/consents?host=/run/postgresql")
    assert address.socket == "/run/postgresql/.s.PGSQL.5432"
    assert address.shown == "postgresql:///run/postgresql/.s.PGSQL.5432/consents"
    other = read_address("postgresql://ask@:6432/consents?host=/run/postgresql/")
    assert other.socket == "/run/postgresql/.s.PGSQL.6432"


def test_a_standby_is_named_behind_a_comma() -> None:
    """Each host with a port and an encryption of its own, as libpq writes them."""
    url = "postgresql://ask:g%40h@db1.example,[::1]:6432,db3.example/consents?machines=many"
    address = read_address(url)
    assert (address.host, address.port, address.is_encrypted) == ("db1.example", 5432, True)
    assert [(one.host, one.port, one.is_encrypted) for one in address.others] == [
        ("::1", 6432, False),
        ("db3.example", 5432, True),
    ]
    assert {one.password for one in address.others} == {"g@h"}
    assert address.is_shared
    assert not read_address(url.partition("?")[0]).is_shared


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://a:p%40@h1,h2/c?machines=many", "postgresql://a:p%40@h1,h2/c"),
        (
            "postgresql://a@/c?host=/run/postgresql&machines=many&sslmode=disable",
            "postgresql://a@/c?host=/run/postgresql&sslmode=disable",
        ),
        ("postgresql://a@h/c", "postgresql://a@h/c"),
    ],
)
def test_an_address_is_the_same_for_one_machine(url: str, expected: str) -> None:
    """But for what says that it is shared."""
    assert of_one_machine(url) == expected


@pytest.mark.parametrize(
    ("host", "is_encrypted"),
    [
        ("localhost", False),
        ("127.0.0.1", False),
        ("[::1]", False),
        ("10.0.0.7", True),
        ("db.example", True),
        ("localhost.example", True),
    ],
)
def test_what_leaves_the_machine_is_encrypted(host: str, is_encrypted: bool) -> None:
    """TLS with a certificate that is checked, unless somebody says that it is not needed."""
    url = f"postgresql://ask@{host}/consents"
    assert read_address(url).is_encrypted is is_encrypted
    assert not read_address(f"{url}?sslmode=disable").is_encrypted


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ledger.db",
        "mysql://ask:geheim@db/consents",
        "postgresql+psycopg://ask:geheim@db/consents",
        "postgresql://ask:geheim@db",
        "postgresql://ask:geheim@db/",
        "postgresql://ask:geheim@db/a/b",
        "postgresql://ask:geheim@db/a;b",
        "postgresql://db/consents",
        "postgresql://ask:geheim@/consents",
        "postgresql://ask:geheim@/consents?host=run",
        "postgresql://ask:geheim@db/consents?host=/run/postgresql",
        "postgresql://ask:geheim@db/consents?sslmode=require",
        "postgresql://ask:geheim@db/consents?sslmode",
        "postgresql://ask:geheim@db/consents?options=-cfsync%3Doff",
        "postgresql://ask:geheim@db:port/consents",
        "postgresql://ask:geheim@db,/consents",
        "postgresql://ask:geheim@db,,db2/consents",
        "postgresql://ask:geheim@db,db2:port/consents",
        "postgresql://ask:geheim@db/consents?machines=3",
        "postgresql://ask:geheim@db:99999/consents",
        "postgresql://ask:geheim@db/consents#x",
    ],
)
def test_what_is_none_is_said_without_the_password(url: str) -> None:
    """One sentence with what to write instead."""
    with pytest.raises(SettingError, match=r"askfirst\.E160.*write|/FOLDER") as caught:
        read_address(url)
    assert "geheim" not in str(caught.value)
