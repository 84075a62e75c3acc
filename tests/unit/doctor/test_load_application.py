"""What `module:app` means: applications and factories, in the spelling of the servers."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from askfirst_collector.cli import main
from askfirst_collector.doctor.load_application import Target, is_factory, is_wsgi, parse_target


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("app:app", Target("app", "app")),
        ("shop.web:site.app", Target("shop.web", "site.app")),
        ("flaskr:create_app", Target("flaskr", "create_app")),
        ("flaskr:create_app()", Target("flaskr", "create_app", called=True)),
        (
            'flaskr:create_app("test", debug=True)',
            Target(
                "flaskr", "create_app", called=True, arguments=("test",), options={"debug": True}
            ),
        ),
        ("flaskr", Target("flaskr", "")),
    ],
)
def test_spellings(text: str, target: Target) -> None:
    """Literals alone are arguments, as gunicorn and flask read them."""
    assert parse_target(text) == target


@pytest.mark.parametrize(
    "text",
    ["", "a b:app", "app:1", "app:a[0]", "app:f(g())", "app:f(**{})", "app:x y", "a/b:app"],
)
def test_what_is_none(text: str) -> None:
    """Nothing that would have to be evaluated."""
    with pytest.raises(ValueError, match=r"no name|write the arguments|malformed"):
        parse_target(text)


def test_applications_are_no_factories() -> None:
    """What is called with nothing makes one; a decorated application takes anything."""

    def wsgi(environ: Any, start_response: Any) -> Any: ...
    async def asgi(scope: Any, receive: Any, send: Any) -> None: ...
    def create_app(settings: Any = None) -> Any: ...
    async def create_later() -> Any: ...

    def decorated(*arguments: Any) -> Any: ...

    @wraps(wsgi)
    def wrapped(*arguments: Any) -> Any: ...

    assert [is_factory(value) for value in (wsgi, asgi, decorated, wrapped, create_later, 1)] == [
        False
    ] * 6
    assert is_factory(create_app)
    assert [is_wsgi(value) for value in (wsgi, wrapped, asgi)] == [True, True, False]


def test_a_name_alone_must_be_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host name without a scheme is a slip, not a module."""
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(main, ["doctor", "example.org"])
    assert answer.exit_code == 2
    assert "neither an address such as https://example.org" in answer.output
