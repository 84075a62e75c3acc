"""Cookies of packages: what a project uses is declared, and what cannot be is said aloud."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from askfirst.gate.cookie_filter import CookieFilter
from askfirst.gate.undeclared_cookies import Report
from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.cli import main
from askfirst_collector.frameworks import DJANGO, FRAMEWORKS
from askfirst_collector.init.next_steps import cookies_of
from askfirst_collector.init.packages import catalogue
from askfirst_collector.init.project import look_at
from askfirst_collector.init.write_policy import Answers, write
from tests.support.policies import every_purpose

ANSWERS = ("tide", "https://tide.example", "Ada", "a@tide.example", "DE", "standard", "day")
EVERY = tuple(every_purpose("standard").purposes)


def init(folder: Path, *options: str) -> tuple[str, Policy]:
    """What `askfirst init` says, and the policy it wrote."""
    answer = CliRunner().invoke(main, ["init", str(folder), "--yes", *options])
    assert answer.exit_code == 0, answer.output
    return answer.output, read_policy(folder / "policy.toml")


def necessary(policy: Policy) -> set[str]:
    return {entry.cookie for entry in policy.necessary}


def test_every_entry_can_be_declared() -> None:
    """By the contract's reader, each with a reason that is a sentence; the rest has a purpose."""
    for package in catalogue():
        assert package.packages or package.modules
        policy = read_policy(write(Answers(*ANSWERS, package.cookies, EVERY)))
        for cookie in package.cookies:
            assert cookie.why[0].isupper()
            assert cookie.why.endswith(".")
            assert cookie.purpose in ("", *EVERY)
            kind = CookieFilter(policy, report=Report(mode="strict", suggest=None)).kind
            assert kind(cookie.name.encode()).necessary is not bool(cookie.purpose)


@pytest.mark.parametrize("package", catalogue(), ids=lambda package: str(package.modules[0]))
@pytest.mark.parametrize("way", ["required", "imported", "listed"])
def test_a_package_is_found(package: object, way: str, tmp_path: Path) -> None:
    """By requirements, by an import anywhere, by Django's lists."""
    (entry,) = [known for known in catalogue() if known == package]
    if way == "required":
        if not entry.packages:
            pytest.skip("the requirement alone does not tell")
        name = entry.packages[0].replace("-", "_").title()
        (tmp_path / "requirements.txt").write_text(f"{name}[all]>=1\n", "utf-8")
    elif way == "imported":
        (tmp_path / "a.py").write_text(
            f"def f():\n    from {entry.modules[0]}.x import y\n", "utf-8"
        )
    else:
        text = f"INSTALLED_APPS = []\nINSTALLED_APPS += ['{entry.modules[0]}']\n"
        (tmp_path / "settings.py").write_text(text, "utf-8")
    names = {cookie.name for cookie in cookies_of(FRAMEWORKS["asgi"], look_at(tmp_path))}
    assert {cookie.name for cookie in entry.cookies} <= names


def test_a_shop_keeps_its_basket(tmp_path: Path) -> None:
    """Renamed as its settings have it; what only shows what was looked at waits for a purpose."""
    (tmp_path / "settings.py").write_text(
        "from oscar.defaults import *\nimport django\n"
        "INSTALLED_APPS = ['oscar.config.Shop', 'oscar.apps.basket.apps.BasketConfig']\n"
        "OSCAR_BASKET_COOKIE_OPEN = 'basket'\n",
        "utf-8",
    )
    output, policy = init(tmp_path)
    assert {"basket", "sessionid", "csrftoken"} <= necessary(policy)
    assert "oscar_history is not necessary" in output
    (tmp_path / "policy.toml").unlink()
    output, policy = init(tmp_path, "--purpose", "statistics", "--purpose", "preferences")
    assert [*policy.purposes["preferences"].terms.cookies] == ["oscar_history"]
    assert "nothing hangs on this purpose" not in output


def test_a_cookie_of_the_project_itself_is_named(tmp_path: Path) -> None:
    """Where it is set, with lines that can be pasted; never in silence."""
    (tmp_path / "app.py").write_text(
        "from fastapi import FastAPI\napi = FastAPI()\n"
        "def login(response):\n    response.set_cookie(key='access_token', value='x')\n"
        "CART_COOKIE_NAME = 'cart'\nCART_COOKIE_DOMAIN = 'example'\n",
        "utf-8",
    )
    output, policy = init(tmp_path)
    for name, line in (("access_token", 4), ("cart", 5)):
        assert f"{name} is set in app.py:{line}" in output
        lines = output[output.index(f'[[necessary]]\ncookie = "{name}"') :].splitlines()[:3]
        pasted = (tmp_path / "policy.toml").read_text("utf-8") + "\n" + "\n".join(lines)
        assert name in necessary(read_policy(pasted))
        assert name not in necessary(policy)
    assert "example" not in output.partition("Next,")[0].replace("privacy@example.org", "")


def test_authlib_needs_a_session() -> None:
    """Starlette's, for the state of a sign-in elsewhere."""
    (entry,) = [known for known in catalogue() if "authlib" in known.packages]
    assert {cookie.name for cookie in entry.cookies} == {
        cookie.name for cookie in FRAMEWORKS["starlette"].cookies
    }


@pytest.mark.parametrize(
    ("files", "where", "line", "target"),
    [
        (
            {"flaskr/__init__.py": "import flask\ndef create_app():\n    app = flask.Flask('x')"},
            "in create_app of flaskr/__init__.py, before it returns app (Flask)",
            "FOLDER = Path(__file__).resolve().parents[1]\n    AskFirst(app, ",
            "flaskr:create_app",
        ),
        (
            {"main.py": "from fastapi import FastAPI\napi: FastAPI = FastAPI()"},
            "in main.py, below the line that makes your app (FastAPI)",
            "FOLDER = Path(__file__).resolve().parents[0]\n    init_app(api, ",
            "main:api",
        ),
        (
            {
                "shop/settings.py": "import django\nINSTALLED_APPS = []",
                "shop/wsgi.py": "application = get_wsgi_application()",
            },
            "in shop/settings.py, at the end of your settings (Django)",
            "FOLDER = Path(__file__).resolve().parents[1]\n    ASKFIRST = {",
            "shop.wsgi:application",
        ),
        (
            dict.fromkeys(("a.py", "b.py"), "import flask\na = flask.Flask('x')"),
            "in the folder of the policy, below the line that makes your app (Flask)",
            "FOLDER = Path(__file__).resolve().parents[0]\n    AskFirst(app, ",
            "module:app   (in place of module:app: where your app is)",
        ),
    ],
    ids=["factory", "module", "django", "several"],
)  # fmt: skip
def test_the_lines_fit_the_place(
    files: dict[str, str], where: str, line: str, target: str, tmp_path: Path
) -> None:
    """File, factory and name of the application, and paths that hang on no working directory."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n", "utf-8")
    output, _ = init(tmp_path)
    assert f"Next, {where}:" in output
    assert line in output
    assert f"askfirst doctor {target}\n" in output


def test_statistics_alone_unless_more_is_asked_for(tmp_path: Path) -> None:
    """A purpose that nothing hangs on is said, by `policy check` too."""
    assert [*init(tmp_path)[1].purposes] == ["statistics"]
    (tmp_path / "policy.toml").unlink()
    output, policy = init(tmp_path, "--purpose", "preferences")
    assert [*policy.purposes] == ["preferences"]
    assert "/purposes/preferences: nothing hangs on this purpose" in output
    words = ["policy", "check", str(tmp_path / "policy.toml")]
    checked = CliRunner().invoke(main, words)
    assert checked.exit_code == 0
    assert "nothing hangs on this purpose" in " ".join(checked.output.split())
    assert '"warnings": [' in CliRunner().invoke(main, [*words, "--json"]).output


def test_djangos_own_are_declared_once(tmp_path: Path) -> None:
    """Wagtail's are Django's: not twice."""
    (tmp_path / "settings.py").write_text("import django\nINSTALLED_APPS = ['wagtail']\n", "utf-8")
    _, policy = init(tmp_path)
    names = [entry.cookie for entry in policy.necessary]
    assert sorted(names) == sorted({c.name for c in DJANGO.cookies if not c.where})
