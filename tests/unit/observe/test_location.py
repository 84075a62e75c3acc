"""Where an address is."""

from __future__ import annotations

import gc
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from ipaddress import IPv4Address
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.errors import Unusable
from askfirst.observe.location import CHECK, Locator, place_in
from askfirst.observe.place import place_of
from askfirst.terms.attributes import UNKNOWN

LONDON = "81.2.69.142"
PROBES = ("81.2.69.142", "1.1.1.1", "2a02:f0a0::", "::1", "255.255.255.255", "214.78.120.0")


def bad_files(corpus: Path) -> Iterator[Path]:
    yield from sorted((corpus / "mmdb/bad-data").rglob("*.mmdb"))
    yield from sorted((corpus / "mmdb/test-data").glob("*Broken*.mmdb"))
    yield from sorted((corpus / "mmdb/test-data").glob("*broken*.mmdb"))
    yield from sorted((corpus / "mmdb/test-data").glob("*Invalid*.mmdb"))


@pytest.mark.corpus
def test_corrupt_files_are_refused_at_start(corpus: Path) -> None:
    """Each corrupt file is refused, in time, with its name and what is wrong."""
    files = list(bad_files(corpus))
    assert len(files) == 25
    for path in files:
        started = time.process_time()
        with pytest.raises(Unusable) as refused:
            Locator.open(path)
        assert str(refused.value).startswith("askfirst.E020: ")
        assert path.name in str(refused.value)
        assert time.process_time() - started < 1


@pytest.mark.corpus
def test_every_sound_file_works_or_is_refused(corpus: Path) -> None:
    """A database without countries is refused at start, any other one answers."""
    usable = []
    for path in sorted((corpus / "mmdb/test-data").glob("*.mmdb")):
        try:
            locator = Locator.open(path)
        except Unusable:
            continue
        usable.append(path.stem)
        for ip in PROBES:
            value = locator.locate(ip)
            assert value[0] == UNKNOWN or len(value[0]) == 2
    assert usable == [
        "GeoIP2-City-Shield-Test", "GeoIP2-City-Test", "GeoIP2-Country-Shield-Test",
        "GeoIP2-Country-Test", "GeoIP2-Enterprise-Shield-Test", "GeoIP2-Enterprise-Test",
        "GeoIP2-Precision-Enterprise-Shield-Test", "GeoIP2-Precision-Enterprise-Test",
        "GeoLite2-City-Test", "GeoLite2-Country-Test",
    ]  # fmt: skip


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """Missing, empty, a folder, a text: each is refused and named."""
    (tmp_path / "empty.mmdb").touch()
    (tmp_path / "text.mmdb").write_text("GeoLite2", encoding="utf-8")
    for name in ("missing.mmdb", "empty.mmdb", "text.mmdb", "."):
        with pytest.raises(Unusable, match="cannot be opened"):
            Locator.open(tmp_path / name)


@pytest.mark.corpus
def test_damage_anywhere_never_raises(corpus: Path, tmp_path: Path) -> None:
    """A database with any one block of it overwritten is refused, or answers or is unknown."""
    sound = (corpus / "mmdb/test-data/GeoIP2-City-Test.mmdb").read_bytes()
    path = tmp_path / "damaged.mmdb"
    for start in range(0, len(sound), 997):
        path.write_bytes(sound[:start] + b"\xff\x82\xe3" * 5 + sound[start + 15 :])
        try:
            locator = Locator.open(path)
        except Unusable:
            continue
        for ip in PROBES:
            assert locator.locate(ip)


@pytest.mark.corpus
def test_every_expected_country(corpus: Path) -> None:
    """Every row of the expected countries, and every row of the replayed logs, is found."""
    locator = Locator.open(corpus / "mmdb/test-data/GeoIP2-Country-Test.mmdb")
    text = (corpus / "mmdb/expected_GeoIP2-Country-Test.json").read_text(encoding="utf-8")
    expected = [(row["ip"], row["country"]) for row in json.loads(text)]
    with gzip.open(corpus / "logs/log_replay_testip.jsonl.gz") as file:
        rows = [json.loads(line) for line in file]
    expected += [(row["ip"], row["expected_country"]) for row in rows]
    assert len(expected) == 345 + 8000
    wrong = [
        (ip, country) for ip, country in expected if locator.locate(ip)[0] != (country or UNKNOWN)
    ]
    assert wrong == []


@pytest.mark.corpus
def test_country_region_city(corpus: Path) -> None:
    """Parts are ISO 3166-1, ISO 3166-2, English name; what a database lacks is unknown."""
    city = Locator.open(corpus / "mmdb/test-data/GeoIP2-City-Test.mmdb")
    country = Locator.open(corpus / "mmdb/test-data/GeoIP2-Country-Test.mmdb")
    assert city.locate(LONDON) == ("GB", "GB-ENG", "London")
    assert city.locate(f"::ffff:{LONDON}") == ("GB", "GB-ENG", "London")
    assert country.locate(LONDON) == ("GB", UNKNOWN)


def test_without_a_download() -> None:
    """iptocc knows the country of most public addresses, mapped ones too."""
    locator = Locator.open(None)
    assert locator.locate("8.8.8.8") == ("US", UNKNOWN)
    assert locator.locate("::ffff:8.8.8.8") == ("US", UNKNOWN)
    assert locator.locate("2a00:1450::1")[0] != UNKNOWN


@pytest.mark.parametrize(
    "ip",
    ["10.0.0.1", "127.0.0.1", "192.168.1.1", "169.254.0.1", "::1", "fe80::1%eth0", "fd00::1",
     "224.0.0.1", "0.0.0.0", "255.255.255.255", "::ffff:10.0.0.1", "", "nonsense", "8.8.8"],
)  # fmt: skip
def test_private_addresses_are_unknown(ip: str) -> None:
    """An address that is nowhere, or none, is unknown."""
    assert Locator.open(None).locate(ip) == (UNKNOWN,)


@pytest.mark.parametrize(
    ("record", "value"),
    [
        ({"country_code": "DE"}, ("DE", UNKNOWN)),
        ({"country_code": "au", "country": "Australia"}, ("AU", UNKNOWN)),
        ({"country": "FR"}, ("FR", UNKNOWN)),
        (
            {"country_code": "GB", "region_code": "ENG", "city": "London"},
            ("GB", "GB-ENG", "London"),
        ),
        (
            {"country_code": "GB", "state1": "England", "city": "London"},
            ("GB", "England", "London"),
        ),
        ({"country": {"iso_code": "GB"}, "subdivisions": "England"}, ("GB", "England", UNKNOWN)),
        (
            {
                "country": {"iso_code": "GB"},
                "subdivisions": [{"names": {"en": "England"}}],
                "city": {"names": {"en": "London"}},
            },
            ("GB", "England", "London"),
        ),
        (
            {"country_code": "GB", "region_code": "GB-ENG", "city": {"name": "London"}},
            ("GB", "GB-ENG", "London"),
        ),
        ({"country": {"iso_code": "GB"}, "subdivisions": [7], "city": "x"}, ("GB", UNKNOWN)),
        ({"country": {"iso_code": 5}, "subdivisions": {}, "city": 1}, (UNKNOWN,)),
        ({"country": {"iso_code": "GB"}, "subdivisions": [{"names": "x"}]}, ("GB", UNKNOWN)),
        ({"country": {"iso_code": "SE"}}, ("SE", UNKNOWN)),
        ({"registered_country": {"iso_code": "SE"}}, (UNKNOWN,)),
        ({"country_code": "ZZ"}, (UNKNOWN,)),
        ({"country_code": ""}, (UNKNOWN,)),
        ({"asn": 1}, (UNKNOWN,)),
        ("DE", (UNKNOWN,)),
        (None, (UNKNOWN,)),
    ],
)
def test_flat_and_nested_layouts(record: object, value: tuple[str, ...]) -> None:
    """Databases of other makers are read by the layout of their records."""
    assert place_in(record) == value


json_values = st.recursive(
    st.none() | st.text(max_size=3) | st.integers() | st.just("GB"),
    lambda values: (
        st.lists(values, max_size=2)
        | st.dictionaries(
            st.sampled_from(["iso_code", "names", "en", "name", "country", "subdivisions", "city"]),
            values,
        )
    ),
)


@given(
    st.dictionaries(
        st.sampled_from(["country", "country_code", "subdivisions", "city", "region", "state1"]),
        json_values,
    )
)
def test_any_record_is_read(record: object) -> None:
    """Whatever a record's layout is, nothing raises."""
    assert place_in(record)


def database(path: Path, kind: str, record: dict[str, str]) -> Path:
    """Write an MMDB file whose every IPv4 address has one record (MaxMind DB format 2.0)."""

    def text(value: str) -> bytes:
        size = len(value)
        start = bytes([0x40 | size]) if size < 29 else bytes([0x40 | 29, size - 29])
        return start + value.encode()

    def table(pairs: dict[str, bytes]) -> bytes:
        return bytes([0xE0 | len(pairs)]) + b"".join(text(k) + v for k, v in pairs.items())

    data = table({key: text(value) for key, value in record.items()})
    node = (1 + 16).to_bytes(3, "big") * 2
    metadata = table(
        {
            "binary_format_major_version": b"\xa1\x02",
            "binary_format_minor_version": b"\xa0",
            "build_epoch": b"\x04\x02\x60\x00\x00\x00",
            "database_type": text(kind),
            "description": b"\xe0",
            "ip_version": b"\xa1\x04",
            "languages": b"\x00\x04",
            "node_count": b"\xc1\x01",
            "record_size": b"\xa1\x18",
        }
    )
    path.write_bytes(node + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + metadata)
    return path


def test_a_type_says_nothing_of_the_layout(tmp_path: Path) -> None:
    """A City database of another maker is read by its records, and refused where none has one."""
    flat = {"country_code": "GB", "state1": "England", "city": "London"}
    acme = database(tmp_path / "acme.mmdb", "Acme-City", flat)
    assert Locator.open(acme).locate(LONDON) == ("GB", "England", "London")
    other = database(tmp_path / "other.mmdb", "Acme-City", {"subdivisions": "England"})
    with pytest.raises(Unusable, match=r"holds no countries \(`country_code`"):
        Locator.open(other)


class Replaced:
    """A locator whose file is replaced, and a clock that is put forward."""

    def __init__(self, path: Path) -> None:
        self.now = 0.0
        self.locator = Locator.open(path, monotonic=lambda: self.now)

    def look(self) -> None:
        """Two looks at the file, and what they began is over."""
        for _ in range(2):
            self.now += CHECK
            self.locator.locate(LONDON)
        if self.locator._loading is not None:
            self.locator._loading.join(10)


def test_a_new_file_is_used_when_it_reads_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Overwritten in place it is used; truncated it is not, which is said once."""
    path = database(tmp_path / "places.mmdb", "Country", {"country_code": "GB"})
    replaced = Replaced(path)
    database(path, "Country", {"country_code": "FR", "city": "Paris"})
    replaced.look()
    assert replaced.locator.locate(LONDON) == ("FR", UNKNOWN)
    path.write_bytes(path.read_bytes()[:40])
    for _ in range(3):
        replaced.look()
        assert replaced.locator.locate(LONDON) == ("FR", UNKNOWN)
    assert [message[:13] for message in caplog.messages] == ["askfirst.W038"]
    path.unlink()
    replaced.look()
    assert replaced.locator.locate(LONDON) == ("FR", UNKNOWN)
    database(path, "Country", {"country_code": "DE"})
    replaced.look()
    assert replaced.locator.locate(LONDON) == ("DE", UNKNOWN)


def test_a_file_that_is_still_written_waits(tmp_path: Path) -> None:
    """What changed between two looks is not read yet."""
    path = database(tmp_path / "places.mmdb", "Country", {"country_code": "GB"})
    replaced = Replaced(path)
    database(path, "Country", {"country_code": "FR", "city": "Paris"})
    replaced.now += CHECK
    replaced.locator.locate(LONDON)
    assert replaced.locator._loading is None


def test_without_a_folder_to_write_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written, the database is read all the same."""
    path = database(tmp_path / "places.mmdb", "Country", {"country_code": "GB"})
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    assert Locator.open(path).locate(LONDON) == ("GB", UNKNOWN)


TRUNCATED = """
import os, sys
from askfirst.observe.location import CHECK, Locator
now = 0.0
locator = Locator.open(sys.argv[1], monotonic=lambda: now)
os.truncate(sys.argv[1], 0)
for _ in range(4):
    now += CHECK
    print(*locator.locate("81.2.69.142"))
"""


@pytest.mark.corpus
def test_truncating_ends_no_process(corpus: Path, tmp_path: Path) -> None:
    """A file of several pages that is cut to nothing while in use: answers go on."""
    path = tmp_path / "city.mmdb"
    path.write_bytes((corpus / "mmdb/test-data/GeoIP2-City-Test.mmdb").read_bytes())
    run = subprocess.run(
        [sys.executable, "-c", TRUNCATED, str(path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == ["GB GB-ENG London"] * 4


def test_a_city_keeps_its_accents() -> None:
    """Names of places are as the database has them."""
    assert place_of("SE", "E", "Linköping") == ("SE", "SE-E", "Linköping")


@pytest.mark.corpus
def test_describe(corpus: Path) -> None:
    """`askfirst geo` can say the database, its age, and what it answers."""
    path = corpus / "mmdb/test-data/GeoIP2-City-Test.mmdb"
    said = Locator.open(path).describe(now=1_795_356_309)
    assert (said.database, said.type) == (str(path), "GeoIP2-City")
    assert (said.built, said.age) == (date(2026, 2, 4), 291)
    assert (said.example, said.answer) == (LONDON, ("GB", "GB-ENG", "London"))
    ours = Locator.open(None).describe(now=0, example="8.8.8.8")
    assert ours.database.startswith("iptocc ")
    assert (ours.built, ours.age, ours.answer) == (None, None, ("US", UNKNOWN))


@given(st.text() | st.ip_addresses().map(str))
def test_any_text_is_located(ip: str) -> None:
    """Nothing raises."""
    assert Locator.open(None).locate(ip)


def test_no_address_stays_in_memory() -> None:
    """M25: after it was located, no object of the process holds the address."""
    address = IPv4Address("8.67.45.23")
    Locator.open(None).locate(str(address))
    Locator.open(None).locate(f"::ffff:{address}")
    gc.collect()
    kept = [
        item
        for item in gc.get_objects()
        if type(item) is not FrameType
        for held in gc.get_referents(item)
        if held is not address and type(held) is IPv4Address and held == address
    ]
    assert kept == []
