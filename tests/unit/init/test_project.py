"""What a folder tells, without running anything in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from askfirst_collector.frameworks import FRAMEWORKS
from askfirst_collector.init.project import look_at


@pytest.mark.parametrize("name", sorted(set(FRAMEWORKS) - {"asgi", "wsgi"}))
@pytest.mark.parametrize("told", ["project", "group", "extra", "poetry", "requirements", "import"])
def test_a_framework_is_found(told: str, name: str, tmp_path: Path) -> None:
    """Wherever a project says what it stands on."""
    toml = {
        "project": f'[project]\nname = "x"\ndependencies = ["{name.title()}>=1;extra"]',
        "group": f'[dependency-groups]\nweb = ["{name}[all]==2", {{include-group = "x"}}]',
        "extra": f'[project]\nname = "x"\n[project.optional-dependencies]\nweb = ["{name} ~= 1"]',
        "poetry": f'[tool.poetry.dependencies]\npython = "^3.11"\n{name} = "*"',
    }
    if told in toml:
        (tmp_path / "pyproject.toml").write_text(toml[told], "utf-8")
    elif told == "requirements":
        (tmp_path / "requirements-web.txt").write_text(f"# web\n-r x.txt\n{name}==1\n", "utf-8")
    else:
        (tmp_path / "pkg").mkdir()
        (tmp_path / "pkg/app.py").write_text(f"from {name}.x import y\n", "utf-8")
    found = look_at(tmp_path)
    assert found.framework is FRAMEWORKS[name]
    assert found.because


def test_of_two_the_one_that_is_built_on_the_other_is_meant(tmp_path: Path) -> None:
    """FastAPI brings Starlette along, Quart brings Flask."""
    (tmp_path / "a.py").write_text("import starlette.requests, fastapi\n", "utf-8")
    (tmp_path / "b.py").write_text("import starlette\n", "utf-8")
    assert look_at(tmp_path).framework is FRAMEWORKS["fastapi"]


def test_of_several_the_most_used_is_meant(tmp_path: Path) -> None:
    """Requirements may name more than the site is made of."""
    (tmp_path / "requirements.txt").write_text("django\nflask\n", "utf-8")
    (tmp_path / "a.py").write_text("import flask\n", "utf-8")
    found = look_at(tmp_path)
    assert (found.framework, found.because) == (FRAMEWORKS["flask"], "imported by one file")


def test_nothing_is_executed_and_nothing_breaks_it(tmp_path: Path) -> None:
    """Files are parsed, never run; what cannot be parsed is passed by."""
    ran = tmp_path / "ran"
    (tmp_path / "setup.py").write_text(f"import flask\nopen({str(ran)!r}, 'w')\n", "utf-8")
    (tmp_path / "bad.py").write_bytes(b"\x00\xff def (")
    (tmp_path / "deep.py").write_text("(" * 5_000, "utf-8")
    (tmp_path / "pyproject.toml").write_text("[project\n", "utf-8")
    (tmp_path / "requirements.txt").mkdir()
    venv = tmp_path / "mine"
    venv.mkdir()
    (venv / "pyvenv.cfg").touch()
    (venv / "a.py").write_text("import django\n", "utf-8")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert look_at(tmp_path).framework is FRAMEWORKS["flask"]
    assert not ran.exists()


def test_a_strange_pyproject_is_passed_by(tmp_path: Path) -> None:
    """Whatever stands in it, of whatever type."""
    for text in (
        "project = 1\ntool = 2\ndependency-groups = 3",
        '[project]\ndependencies = "django"\nauthors = [1]\noptional-dependencies = [[1]]',
        "[tool]\npoetry = 1",
        "[tool.poetry]\ngroup = 1\ndependencies = 1",
        "[tool.poetry.group]\nx = 1",
    ):
        (tmp_path / "pyproject.toml").write_text(text, "utf-8")
        assert look_at(tmp_path).framework is None


@pytest.mark.parametrize(
    "line",
    [
        'SESSION_COOKIE_NAME = "tide"',
        'app.config["SESSION_COOKIE_NAME"] = "tide"',
        'app.config.update(SESSION_COOKIE_NAME="tide")',
        'app.config |= {"SESSION_COOKIE_NAME": "tide"}',
    ],
)
def test_a_renamed_cookie_is_seen(line: str, tmp_path: Path) -> None:
    """Where its new name is written out."""
    (tmp_path / "app.py").write_text(line, "utf-8")
    assert look_at(tmp_path).renamed == {"SESSION_COOKIE_NAME": "tide"}


def test_the_owner_is_taken_from_the_authors(tmp_path: Path) -> None:
    """As a proposal; the owner is asked."""
    text = '[project]\nname = "tide"\nauthors = [{name = "Ada", email = "ada@tide.example"}]'
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    found = look_at(tmp_path)
    assert (found.name, found.owner, found.contact) == ("tide", "Ada", "ada@tide.example")
