"""The host policy: read at start, read again when it changes, and nothing without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from askfirst.errors import PolicyError
from askfirst.terms.edition import Choice
from askfirst.terms.policy import shipped
from askfirst.terms.terms import BOTTOM
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.embedded import EmbeddedCollector
from tests.support.collectors import Clock, opened, policy

TEXT = (
    Path(__file__).resolve().parents[3] / "sdk/python/askfirst/policies/host-default.toml"
).read_text("utf-8")
CHOICE = Choice(2, 1)


def lowered(level: int) -> str:
    """The shipped host policy with another level of `time`, for every use."""
    return TEXT.replace("time = 3", f"time = {level}")


def test_without_any_the_shipped_one_governs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And it is said, once, at start."""
    with opened(tmp_path / "data") as parts:
        found = parts.host.current().policy
    assert found is not None
    assert found.hash == shipped("host-default").hash
    assert [record.message[:13] for record in caplog.records] == ["askfirst.W001"]


@pytest.mark.parametrize("content", [None, "", "version = 2", TEXT + "\nunknown_key = 1\n", "\0"])
def test_a_host_policy_that_cannot_be_used_is_found_at_start(
    content: str | None, tmp_path: Path
) -> None:
    """M32: missing, unreadable, or with a key that is not known."""
    file = tmp_path / "host.toml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(PolicyError):
        EmbeddedCollector(tmp_path / "data", host_policy=file)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("broken", [None, "nonsense", TEXT + "\nunknown_key = 1\n"])
def test_a_host_policy_that_breaks_while_running_stops_everything(
    broken: str | None, tmp_path: Path
) -> None:
    """M32, M33: from the next look on nothing is gathered or published; mended, it goes on."""
    file, clock = tmp_path / "host.toml", Clock()
    file.write_text(TEXT)
    with opened(tmp_path / "data", clock, host_policy=file) as parts:
        parts.registry.publish(policy())
        assert parts.registry.effective("shop", "statistics", CHOICE) != BOTTOM
        file.write_text(broken) if broken is not None else file.unlink()
        clock.now += 2
        assert parts.registry.effective("shop", "statistics", CHOICE) == BOTTOM
        with pytest.raises(PolicyError):
            parts.registry.publish(policy("standard"))
        file.write_text(TEXT)
        clock.now += 2
        assert parts.registry.effective("shop", "statistics", CHOICE) != BOTTOM


def test_a_tightened_host_policy_governs_within_seconds(tmp_path: Path) -> None:
    """M33: the next event after the next look, in every worker; the version moves."""
    file, clock = tmp_path / "host.toml", Clock()
    file.write_text(TEXT)
    data = tmp_path / "data"
    with (
        opened(data, clock, host_policy=file) as one,
        opened(data, clock, host_policy=file) as two,
    ):
        before: Site | None = None
        one.registry.publish(policy())
        for parts in (one, two):
            before = parts.registry.site("shop")
            assert before is not None
            assert before.effective("statistics", CHOICE).scope.level("time") == 3
        file.write_text(lowered(1))
        clock.now += 1
        for parts in (one, two):
            after = parts.registry.site("shop")
            assert after is not None
            assert before is not None
            assert after.host_version == before.host_version + 1
            assert after.effective("statistics", CHOICE).scope.level("time") == 1
