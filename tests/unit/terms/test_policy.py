"""Policies: read, refused with advice, canonical, and true to their schema."""

from __future__ import annotations

import copy
import json
import zoneinfo
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.errors import PolicyError, Problem
from askfirst.terms import time_zone
from askfirst.terms.policy import SHIPPED, Policy, read_policy, shipped
from tests.conftest import ROOT
from tests.support.policies import every_purpose

SCHEMA = json.loads((ROOT / "docs/policy.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
EXAMPLE = read_policy(ROOT / "policy.example.toml")


def problems(document: object, **kwargs: Any) -> dict[str, str]:
    with pytest.raises(PolicyError) as caught:
        read_policy(document, **kwargs)  # type: ignore[arg-type]
    return {problem.pointer: problem.message for problem in caught.value.problems}


def changed(path: str, value: object) -> dict[str, Any]:
    document = copy.deepcopy(EXAMPLE.document)
    *parents, last = path.strip("/").split("/")
    table = document
    for parent in parents:
        table = table[parent]
    table[last] = value
    return document


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_policies_fit_the_schema(name: str) -> None:
    """The schema is the contract: every policy that ships fits it, defaults written out."""
    VALIDATOR.validate(shipped(name).document)


def test_the_example_fits_the_schema_and_explains_every_line() -> None:
    """The example is annotated line by line and uses every key that a site may write."""
    VALIDATOR.validate(EXAMPLE.document)
    lines = (ROOT / "policy.example.toml").read_text("utf-8").splitlines()
    unexplained = [x for x in lines if x and x[0].isalpha() and "#" not in x]
    assert unexplained == []
    written = "\n".join(lines)
    keys = set(SCHEMA["properties"]) | set(SCHEMA["$defs"]["purpose"]["properties"])
    assert [key for key in sorted(keys) if key not in written] == []


@pytest.mark.parametrize("name", SHIPPED)
def test_an_archived_document_reads_as_the_same_policy(name: str) -> None:
    """The canonical form gives the same hash when it is read back, as an edition is."""
    policy = shipped(name)
    kind = "host" if name == "host-default" else "site"
    assert read_policy(policy.canonical(), kind=kind).hash == policy.hash  # type: ignore[arg-type]
    assert read_policy(json.loads(policy.canonical()), kind=kind).hash == policy.hash  # type: ignore[arg-type]


def test_meaning_decides_the_hash() -> None:
    """Spelling out a default or reordering a set changes nothing; changing a word does."""
    plain = (ROOT / "policy.example.toml").read_text("utf-8")
    assert read_policy(plain).hash == EXAMPLE.hash
    assert read_policy(plain.replace("for_children = false", "")).hash == EXAMPLE.hash
    assert read_policy(
        plain.replace('"newsletter", "leaflet"', '"leaflet", "newsletter"')
    ).hash == (EXAMPLE.hash)
    assert read_policy(plain.replace("To learn which", "To see which")).hash != EXAMPLE.hash


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("/version", 2, "write 1"),
        ("/site", "Example Site", "lower-case letters"),
        ("/origins", ["https://example.org/path"], "no path"),
        ("/origins", ["http://example.org"], "https"),
        ("/origins", ["https://EXAMPLE.org"], "lower case"),
        ("/origins", [], "1 to 200"),
        ("/languages", ["English"], "language tags"),
        ("/time_zone", "Europe/Berln", "did you mean 'Europe/Berlin'?"),
        ("/time_zone", "berlin", "did you mean 'Europe/Berlin'?"),
        ("/time_zone", "localtime", "write an IANA name such as 'Europe/Berlin', or 'UTC'"),
        ("/time_zone", "../../etc/passwd", "there is no such time zone"),
        ("/time_zone", "Europe/Berlin\n", "there is no such time zone"),
        ("/time_zone", 1, "write an IANA name"),
        ("/consent_days", -1, "from 90 to 365"),
        ("/consent_days", True, "whole number"),
        ("/consent_days", 10**30, "whole number"),
        ("/refusal_days", 30, "from 184"),
        ("/jurisdiction", "Europe", "'EU'"),
        ("/jurisdiction", "UK-SCT", "did you mean GB-SCT?"),
        ("/jurisdiction", "XX", "'DE', or 'EU'"),
        ("/controller/country", "UK", "did you mean GB?"),
        ("/controller/country", "EL", "did you mean GR?"),
        ("/controller/country", "XX", "ISO 3166-1"),
        ("/controller/country", "EU", "ISO 3166-1"),
        (
            "/purposes/statistics/recipients",
            [{"name": "Acme", "role": "processor", "country": "UK"}],
            "did you mean GB?",
        ),
        ("/purposes/statistics/data_use", "analytic", "Fides taxonomy"),
        ("/purposes/statistics/legal_basis", "habit", "consent"),
        ("/purposes/statistics/levels/page", 4, "0 none, 1 section, 2 path, 3 query"),
        ("/purposes/statistics/retention_days", 0, "1 or more"),
        ("/purposes/statistics/keep_rows_days", 700, "365 or less"),
        ("/purposes/statistics/closes", "year", "day, week, month"),
        ("/purposes/statistics/min_cell_size", 1, "from 2"),
        ("/purposes/statistics/cookies", ["*"], "alone is for a host"),
        ("/purposes/statistics/cookies", "*", "list"),
        ("/purposes/statistics/recipients", "*", "list"),
        ("/purposes/statistics/actions", {"Sign Up": {}}, "lower case"),
        ("/purposes/statistics/actions", {"a": {"b": {"buckets": [3, 1]}}}, "rising"),
        ("/purposes/statistics/actions", {"a": {"b": {"buckets": list(range(33))}}}, "1 to 32"),
        ("/purposes/statistics/tables", {"pairs": [["page", "page"]]}, "two attributes"),
        ("/purposes/statistics/tables", {"funnels": {"f": ["page:/a"]}}, "2 to 8"),
        ("/purposes/statistics/tables/goals", ["signupp"], "actions (signup)"),
        ("/purposes/statistics/tables", {"funnels": {"f": ["page:/", "action:in"]}}, "(signup)"),
        ("/purposes/statistics/text", {}, "in each of the policy's languages"),
        ("/purposes/statistics/text/fr", {"title": "A"}, "add it to languages"),
        ("/purposes", {}, "at least one purpose"),
        ("/controller/name", " ", "some text"),
        ("/controller/name", "a\x00b", "control characters"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write(path: str, value: object, says: str) -> None:
    """Bad input gets a pointer and what to write instead, and nothing is read."""
    found = problems(changed(path, value))
    assert any(pointer.startswith(path) for pointer in found), found
    assert any(says in message for message in found.values()), found


def test_countries_are_judged_when_published() -> None:
    """An archived policy is read whatever its countries are; ZZ says that nobody has said."""
    for path in ("/controller/country", "/jurisdiction"):
        assert read_policy(changed(path, "UK"), archived=True)
        assert read_policy(changed(path, "ZZ"))
    assert read_policy(changed("/jurisdiction", "US-CA")).jurisdiction == "US-CA"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/purposes/statistics/retention_days", 3650),
        ("/purposes/statistics/closes", "hour"),
        ("/controller", "Example Ltd"),
        ("/languages", ["en", "de"]),
    ],
)
def test_one_mistake_is_one_problem(path: str, value: object) -> None:
    """What only follows from a mistake is not said beside it."""
    assert len(problems(changed(path, value))) == 1
    with pytest.raises(PolicyError) as caught:
        read_policy(changed(path, value))
    assert len(caught.value.problems) == 1


def test_the_message_repeats_the_value_and_no_more_of_it_than_is_needed() -> None:
    """At start, where only the message is seen, it has pointer, value and what to write."""
    said = str(Problem("/purposes/a/levels/ip", "city", "write a whole number"))
    assert said == '/purposes/a/levels/ip: found "city": write a whole number'
    assert "\\n" in str(Problem("/site", "a\nb", "write a name"))
    assert len(str(Problem("/site", "x" * 10_000, "write a name"))) < 200


def test_unknown_keys_are_refused_everywhere() -> None:
    """M32: a key that is not known is refused, with the key that was probably meant."""
    for path in ("/", "/controller/", "/purposes/statistics/", "/purposes/statistics/levels/"):
        found = problems(changed(f"{path}retention_day", 1))
        assert f"{path}retention_day" in found
    assert "did you mean 'retention_days'" in found_message(
        changed("/purposes/statistics/retention_day", 1)
    )
    assert "/a~1b~0c" in problems({**EXAMPLE.document, "a/b~c": 1})


def found_message(document: dict[str, Any]) -> str:
    return "\n".join(problems(document).values())


def test_selling_is_forced_and_denying_it_refused() -> None:
    """A recipient who is no processor, or a use under marketing, sells or shares."""
    third = [{"name": "Ads", "role": "third_party", "country": "US", "hosts": []}]
    document = changed("/purposes/statistics/recipients", third)
    assert "write true" in found_message(document)
    del document["purposes"]["statistics"]["sells_or_shares"]
    assert read_policy(document).purposes["statistics"].terms.sells_or_shares
    assert every_purpose("standard").purposes["marketing"].terms.sells_or_shares


def test_the_finest_levels_do_not_come_together_while_rows_are_kept() -> None:
    """At most one of the finest levels, unless no row is kept."""
    document = changed("/purposes/statistics/levels/time", 4)
    document["purposes"]["statistics"]["levels"]["ip"] = 3
    assert read_policy(document)
    document["purposes"]["statistics"]["keep_rows_days"] = 7
    assert "single people out" in found_message(document)


def test_uses_of_a_host_do_not_contain_each_other() -> None:
    """A host names pairwise incomparable uses, so that a purpose has one host policy."""
    document = copy.deepcopy(shipped("host-default").document)
    document["purposes"]["reports"] = {
        **document["purposes"]["analytics"],
        "data_use": "analytics.reporting",
    }
    found = problems(document, kind="host")
    assert "/purposes/reports/data_use" in found


@pytest.mark.parametrize(
    "source",
    [
        "",
        "[",
        "{",
        '{"version":1,"version":1}',
        b"\xff\xfe",
        "a = 1\na = 2",
        "[" * 100_000,
        "{" * 9,
    ],
)
def test_text_that_is_no_policy_is_refused(source: str | bytes) -> None:
    """Neither TOML nor JSON, a key twice, bad UTF-8, endless nesting: refused with a reason."""
    with pytest.raises(PolicyError):
        read_policy(source)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """M32: a policy that cannot be read is an error at start, not an empty policy."""
    assert "write one with askfirst init" in problems(tmp_path / "none.toml")[""]


def test_the_corpus_of_hostile_strings_never_breaks_the_reader(corpus: Path) -> None:
    """Naughty strings in any text of a policy are read whole or refused, never an error."""
    for text in json.loads((corpus / "naughty/blns.json").read_text("utf-8")):
        for path in ("/controller/name", "/site", "/purposes/statistics/text/en/title"):
            document = changed(path, text)
            try:
                policy = read_policy(document)
            except PolicyError:
                continue
            assert isinstance(policy, Policy)
            assert read_policy(policy.canonical()).hash == policy.hash


def paths(document: Any, prefix: str = "") -> list[str]:
    if not isinstance(document, dict):
        return [prefix]
    return [
        prefix,
        *(p for key, value in document.items() for p in paths(value, f"{prefix}/{key}")),
    ]


PATHS = [path for path in paths(EXAMPLE.document) if path]
JUNK: list[Any] = [
    None,
    True,
    -1,
    0,
    1,
    1.5,
    5000,
    "",
    "x",
    "*",
    "DE",
    [],
    ["x"],
    [["x"]],
    {},
    {"x": 1},
]


@given(st.sampled_from(PATHS), st.sampled_from(JUNK))
def test_reader_and_schema_agree(path: str, junk: object) -> None:
    """What the reader takes, the schema takes: the published contract is never narrower."""
    document = changed(path, junk)
    try:
        read_policy(document)
    except PolicyError:
        return
    VALIDATOR.validate(document)


def test_a_machine_without_zones_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads what was published all the same: a gate needs no zone."""
    document = {**EXAMPLE.document, "time_zone": "Europe/Berlin"}
    monkeypatch.setattr(zoneinfo, "available_timezones", set)
    time_zone._names.cache_clear()
    try:
        assert "pip install tzdata" in problems(document)["/time_zone"]
        assert read_policy(document, archived=True).time_zone == "Europe/Berlin"
    finally:
        time_zone._names.cache_clear()


def test_a_host_has_no_time_zone() -> None:
    """Whose clock counts is for each site to say."""
    document = {**shipped("host-default").document, "time_zone": "UTC"}
    assert "is not known" in problems(document, kind="host")["/time_zone"]
