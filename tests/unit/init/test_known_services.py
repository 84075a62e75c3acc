"""`askfirst service`: what other companies' services receive and keep comes into the policy."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from askfirst.terms.policy import read_policy
from askfirst_collector.cli import main
from askfirst_collector.init.known_services import (
    KnownService,
    hint,
    known_services,
    services_at,
    services_with,
)
from askfirst_collector.init.write_policy import Answers, write

ANSWERS = ("tide", "https://tide.example", "Ada", "a@tide.example", "DE", "standard", "day")
PURPOSES = ("marketing", "preferences", "statistics")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy as `askfirst init` writes it, of a site that says that it shares."""
    file = tmp_path / "policy.toml"
    text = write(Answers(*ANSWERS, (), PURPOSES))  # type: ignore[arg-type]
    file.write_text(text.replace("sells_or_shares = false", "sells_or_shares = true"), "utf-8")
    return file


def service(*words: object) -> Result:
    return CliRunner().invoke(main, ["service", *map(str, words)])


@pytest.mark.parametrize("known", known_services(), ids=lambda known: known.name)
def test_each_can_be_written_into_a_policy(known: KnownService, policy: Path) -> None:
    """Every one of the catalogue comes out as a recipient with hosts; nothing else changes."""
    before = policy.read_text("utf-8")
    added = service("add", known.name, policy)
    assert added.exit_code == 0, added.output
    assert known.source in added.output.replace("\n", "")
    terms = read_policy(policy).purposes[known.purpose].terms
    (recipient,) = terms.recipients
    assert (recipient.name, recipient.hosts) == (known.recipient, tuple(sorted(known.hosts)))
    assert terms.cookies.items >= {*known.cookies}
    assert terms.storage.items >= {*known.storage}
    lines = difflib.ndiff(before.splitlines(), policy.read_text("utf-8").splitlines())
    gone = [line for line in lines if line.startswith("- ")]
    assert all(line[2:].startswith(("cookies = ", "storage = ")) for line in gone)


def test_line_ends_and_mode_stay(policy: Path) -> None:
    """A file of Windows stays one, and who may read it stays."""
    policy.write_bytes(policy.read_bytes().replace(b"\n", b"\r\n"))
    policy.chmod(0o640)
    assert service("add", "hotjar", policy).exit_code == 0
    written = policy.read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n")
    assert policy.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in policy.parent.iterdir()] == ["policy.toml"]


def test_there_are_those_that_people_embed() -> None:
    """Twenty of them, each once, each with its maker's own page."""
    names = [known.name for known in known_services()]
    assert len(names) == len({*names}) == 20
    assert len({known.recipient for known in known_services()}) == 20
    assert all(known.source.startswith("https://") for known in known_services())
    listed = service("list").output
    assert all(name in listed for name in names)
    shown = service("show", "matomo-cloud").output
    assert "_pk_id*" in shown
    assert "InnoCraft" in shown


def test_what_cannot_be_written_changes_nothing(policy: Path, tmp_path: Path) -> None:
    """Unknown, there already, without its purpose, without a file, against what the policy says."""
    assert service("add", "google-analytics", policy).exit_code == 0
    text = policy.read_text("utf-8")
    latin = tmp_path / "latin.toml"
    latin.write_bytes("# Gezeiten über alles\n".encode("latin-1"))
    for words, said in (
        (("add", "nonsense", policy), "askfirst service list"),
        (("add", "google-analytics", policy), "a recipient of statistics already"),
        (("add", "youtube", policy, "--purpose", "fun"), "has no purpose fun"),
        (("add", "youtube", tmp_path / "none.toml"), "askfirst init"),
        (("show", "nonsense"), "askfirst service list"),
        (("add", "youtube", latin), "is not UTF-8"),
    ):
        answer = service(*words)
        assert (answer.exit_code, said in answer.output) == (1, True), answer.output
    assert policy.read_text("utf-8") == text
    alone = "sells_or_shares = false".join(text.rsplit("sells_or_shares = true", 1))
    policy.write_text(alone, "utf-8")
    answer = service("add", "meta-pixel", policy, "--purpose", "statistics")
    assert answer.exit_code == 1
    assert "a recipient is no processor" in " ".join(answer.output.split())
    assert policy.read_text("utf-8") == alone


def test_the_doctor_names_them() -> None:
    """A host and a cookie that are known say what to write."""
    assert "askfirst service add plausible" in hint(services_at("plausible.io"))
    assert "Google Analytics 4" in hint(services_at("region1.google-analytics.com"))
    assert "askfirst service add meta-pixel" in hint(services_with("_fbp"))
    assert hint(services_at("plausible.io.evil.example")) == hint(services_with("session")) == ""
