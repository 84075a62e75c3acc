"""`askfirst init`, as people and programs call it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from askfirst.terms.policy import read_policy
from askfirst_collector.cli import main

TOLD = (
    *("--site", "tide", "--origin", "https://Tide.example:443/shop?x"),
    *("--controller", "Tide Ltd", "--contact", "privacy@tide.example", "--country", "dk"),
    *("--visitors", "40", "--level", "minimal", "--framework", "django"),
    *("--purpose", "statistics"),
)
UNASKED = (*TOLD, "--no-count-refusals")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is where the command is run."""
    folder = tmp_path / "tide-tables"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: object, answers: str | None = None) -> Result:
    return CliRunner().invoke(
        main, ["init", *map(str, arguments)], input=answers, catch_exceptions=False
    )


def test_with_every_option_nothing_is_asked(project: Path) -> None:
    """All answers can be given as options; no terminal is needed."""
    found = run(*UNASKED)
    assert found.exit_code == 0, found.output
    policy = read_policy(project / "policy.toml")
    assert policy.origins == ("https://tide.example",)
    assert (policy.controller.country, policy.jurisdiction) == ("DK", "EU")
    assert {each.cookie for each in policy.necessary} == {"sessionid", "csrftoken", "messages"}
    assert {p.terms.closes for p in policy.purposes.values()} == {"month"}
    assert "ASKFIRST = {" in found.output
    assert "A figure is shown when at least 10 visitors share it" in found.output


def test_a_folder_is_made(project: Path) -> None:
    """A name without an ending is one; the folders above a file are made too."""
    assert run("new/folder", *UNASKED).exit_code == 0
    assert run("other/shop.toml", *UNASKED).exit_code == 0
    assert (project / "new/folder/policy.toml").is_file()
    assert (project / "other/shop.toml").is_file()


def test_what_is_asked_is_answered(project: Path) -> None:
    """Prompts take answers, refuse wrong ones, and propose what was found."""
    (project / "app.py").write_text("import flask\n", "utf-8")
    answers = ["", "", "http://tide.example", "https://tide.example/", "Tide Ltd"]
    answers += ["privacy@tide.example", "dk", "5000", "full", "", ""]
    found = run(answers="\n".join(answers) + "\n")
    assert found.exit_code == 0, found.output
    assert "Found Flask: imported by one file." in found.output
    assert "write an exact origin" in found.output
    policy = read_policy(project / "policy.toml")
    assert (policy.site, policy.origins[0]) == ("tide-tables", "https://tide.example")
    assert policy.purposes["statistics"].terms.closes == "day"
    assert policy.purposes["statistics"].terms.keep_rows_days == 30
    assert "Count refusals?" in found.output
    assert not policy.count_refusals


@pytest.mark.parametrize(("answer", "counts"), [("y", True), ("n", False), (None, True)])
def test_refusals_are_counted_where_that_is_wanted(
    answer: str | None, counts: bool, project: Path
) -> None:
    """Asked for, or told by an option."""
    flags = (*TOLD, "--count-refusals") if answer is None else TOLD
    assert run(*flags, answers=f"{answer}\n" if answer else None).exit_code == 0
    assert read_policy(project / "policy.toml").count_refusals is counts


def test_yes_takes_defaults_and_says_which_are_made_up(project: Path) -> None:
    """`--yes` always writes a policy that can be read, and says what to replace."""
    found = run("--yes")
    assert found.exit_code == 0, found.output
    read_policy(project / "policy.toml")
    for key in ("origin", "controller", "contact", "country"):
        assert f"{key} (" in found.output
    assert "Found no framework" in found.output


def test_a_site_without_python_has_lines_of_its_own(project: Path) -> None:
    """It is a choice where the framework is asked for, and its lines go to the collector."""
    asked = run("--site", "tide", "--origin", "https://tide.example", answers="")
    assert "A site without Python is files (asgi, django, fastapi, files," in asked.output
    found = run(*UNASKED, "--framework", "files")
    assert found.exit_code == 0, found.output
    assert "askfirst site add policy.toml --data askfirst-data" in found.output
    assert "askfirst snippet tide --data askfirst-data --collector" in found.output
    assert "from askfirst" not in found.output
    assert "doctor" not in found.output
    assert read_policy(project / "policy.toml").necessary == ()


def test_without_anybody_to_answer_the_option_is_named(project: Path) -> None:
    """No terminal and no answer: which option to give, and nothing is written."""
    found = run("--framework", "flask", "--site", "tide", answers="")
    assert found.exit_code == 2
    assert "--origin" in found.output
    assert not (project / "policy.toml").exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--site", "Tide Tables"), ("--origin", "http://tide.example"), ("--country", "DNK"),
     ("--origin", "https://[::1"), ("--controller", ""), ("--contact", "x" * 300)],
)  # fmt: skip
def test_a_wrong_option_is_said(option: str, value: str, project: Path) -> None:
    """By the same reader that reads policies."""
    found = run(*UNASKED, option, value)
    assert found.exit_code == 2, found.output
    assert option in found.output
    assert not (project / "policy.toml").exists()


def test_nothing_is_overwritten(project: Path) -> None:
    """A file, or a link to nowhere, stays as it is; there is no --force."""
    there = project / "policy.toml"
    there.write_text("mine", "utf-8")
    found = run(*UNASKED)
    assert found.exit_code == 1
    assert "is there already" in found.output
    assert "mv policy.toml policy.old.toml" in found.output
    assert there.read_text("utf-8") == "mine"
    assert run(*UNASKED, "--force").exit_code == 2
    (project / "link.toml").symlink_to("nowhere.toml")
    assert run("link.toml", *UNASKED).exit_code == 1
    assert not (project / "nowhere.toml").exists()


def test_a_folder_is_looked_at_and_written_into(project: Path) -> None:
    """PATH may be the project's folder."""
    (project / "site").mkdir()
    (project / "site/requirements.txt").write_text("quart\n", "utf-8")
    found = run("site", "--yes")
    assert "Found Quart" in found.output
    assert 'policy=FOLDER / "policy.toml"' in found.output
    assert "in the folder of the policy" in found.output
    assert (project / "site/policy.toml").is_file()


def test_the_projects_own_names_are_declared(project: Path) -> None:
    """A renamed cookie by its new name, an optional one where it is used."""
    text = (
        'SESSION_COOKIE_NAME = "tide"\nMIDDLEWARE = ["django.middleware.locale.LocaleMiddleware"]'
    )
    (project / "settings.py").write_text(f"import django\n{text}\n", "utf-8")
    run(*UNASKED)
    policy = read_policy(project / "policy.toml")
    names = {each.cookie for each in policy.necessary}
    assert names == {"tide", "csrftoken", "messages", "django_language"}
