"""What the doctor does as a visitor: it signs in, follows and posts, and sees what comes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from askfirst_collector.cli import main
from askfirst_collector.doctor.forms import read_forms
from askfirst_collector.doctor.steps import BadStep, Step, read_steps
from tests.unit.doctor.sites import adding, ids, policy, start, tide, visit

LOGIN = Step("--login", "SIGN IN", "/login", (("user", "ada"), ("password", "tide table")))
# A site of Starlette's, with a session, a token against forgery, and a basket after a post.
CODE = """
import secrets
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

SCRIPT = '<script src="/askfirst/static/askfirst.js" defer></script>'
FORM = '''<form method=post action=/login><input type=hidden name=token value={token}>
<input name=email type=email><input name=password type=password>
<input type=checkbox name=remember><button>Go</button></form>'''
TOKEN = secrets.token_hex(8)

def page(body):
    return HTMLResponse(f"<!doctype html><head>{SCRIPT}</head><body>{body}</body>")

async def home(request):
    return page(f"Hello {request.cookies.get('session', 'stranger')}")

async def login(request):
    response = page(FORM.format(token=TOKEN))
    if request.method == "GET":
        return response
    sent = await request.form()
    right = sent["token"] == TOKEN and (sent["email"], sent["password"]) == ("ada", "tide table")
    if not right or request.headers.get("origin") != str(request.base_url).rstrip("/"):
        return response
    response = RedirectResponse("/account", 303)
    response.set_cookie("session", "ada")
    if sent.get("remember"):
        response.set_cookie("remember_token", "1")
    return response

async def account(request):
    if request.cookies.get("session") != "ada":
        return RedirectResponse("/login", 303)
    response = page("<form method=post action=/basket><input name=item></form>")
    response.set_cookie("ui_theme", "dark")
    return response

async def basket(request):
    response = RedirectResponse("/account", 303)
    response.set_cookie("basket_of", (await request.form())["item"])
    return response

app = Starlette(routes=[
    Route("/", home), Route("/login", login, methods=["GET", "POST"]), Route("/account", account),
    Route("/basket", basket, methods=["POST"]),
])
"""
GATED = """
from askfirst import ConsentMiddleware
from askfirst_collector.embedded import EmbeddedCollector
app = ConsentMiddleware(app, policy={policy!r}, collector=EmbeddedCollector("data", jobs=False))
"""


def gated(**changes: Any) -> str:
    return CODE + GATED.format(policy=policy(origins=["http://127.0.0.1:8000"], **changes))


def test_cookies_of_the_signed_in_are_seen(tmp_path: Path, monkeypatch: Any) -> None:
    """The form is filled as a browser fills it; what it sets, and pages behind it, are named."""
    basket = Step("steps.txt:1", "POST", "/basket", (("item", "map"),))
    report = start(tmp_path, gated(), monkeypatch, steps=(LOGIN, basket))
    found = {each.found for each in report.findings if each.id == "askfirst.D005"}
    assert found == {f"the cookie {name}" for name in ("remember_token", "ui_theme", "basket_of")}
    assert "D025" not in ids(report)


def test_a_sign_in_whose_cookie_is_taken_out_is_loud(tmp_path: Path, monkeypatch: Any) -> None:
    """D025: nobody is signed in without the session, and the cookie it needs is named."""
    report = start(tmp_path, gated(necessary=[]), monkeypatch, steps=(LOGIN,))
    (finding,) = [each for each in report.findings if each.id == "askfirst.D025"]
    assert finding.where == "--login SIGN IN /login"
    assert "still asks for a password" in finding.found
    assert "session" in finding.do
    assert report.exit_code(strict=False) == 2


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (Step("s:1", "GET", "/missing"), "/missing answers 404"),
        (Step("s:1", "SIGN IN", "/", LOGIN.fields), "no form with a field for the user"),
        (Step("s:1", "SIGN IN", "/login", (("user", "ada"), ("password", "x"))), "still asks"),
    ],
)
def test_a_step_that_fails_is_a_finding(
    step: Step, problem: str, tmp_path: Path, monkeypatch: Any
) -> None:
    """D025: and everything else is looked at all the same."""
    report = start(tmp_path, gated(), monkeypatch, steps=(step,))
    (finding,) = [each for each in report.findings if each.id == "askfirst.D025"]
    assert problem in finding.found


def test_a_step_never_leaves_the_site(tmp_path: Path) -> None:
    """D025: a redirect to somebody else is not followed; what was typed stays here."""
    with tide(tmp_path, front=leading("/away", "https://evil.example/")) as origin:
        report = visit(origin, steps=(Step("s:1", "POST", "/away", (("password", "x"),)),))
    (finding,) = [each for each in report.findings if each.id == "askfirst.D025"]
    assert "it leads away, to https://evil.example/" in finding.found


def leading(path: str, to: str) -> Callable[[Any], Any]:
    header = adding("location", to, path=path)

    def front(app: Any) -> Any:
        inner = header(app)

        async def application(scope: Any, receive: Any, send: Any) -> None:
            async def redirected(message: dict[str, Any]) -> None:
                if message["type"] == "http.response.start" and scope["path"] == path:
                    message["status"] = 307
                await send(message)

            await inner(scope, receive, redirected)

        return application

    return front


def test_steps_are_read_a_line_each() -> None:
    """Quotes as in a shell, comments, and values of the environment."""
    text = """
# a visit
GET /login
POST /login name="Ada L" password=$SECRET  # by form
"""
    steps = read_steps(text, file="steps.txt", environ={"SECRET": "x y"})
    assert steps == (
        Step("steps.txt:3", "GET", "/login"),
        Step("steps.txt:4", "POST", "/login", (("name", "Ada L"), ("password", "x y"))),
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("PUT /a", "s.txt:2: found 'PUT': write GET or POST first"),
        ("GET", "s.txt:2: write a path of the site behind GET, such as /basket"),
        ("GET https://evil.example/", "s.txt:2: write a path of the site behind GET"),
        ("GET //evil.example/", "s.txt:2: write a path of the site behind GET"),
        ("GET /a b=1", "s.txt:2: GET has no fields: write them as /a?b=1"),
        ("POST /a b", "s.txt:2: found 'b': write name=value, in quotes where it has blanks"),
        ("POST /a =b", "s.txt:2: found '=b': write name=value"),
        ("POST /a b='c", "s.txt:2: no closing quotation: close the quotation mark"),
        ("POST /a b=$NONE", "s.txt:2: the environment has no NONE"),
    ],
)
def test_a_line_that_is_no_step_is_said(line: str, message: str) -> None:
    """With its number, and what to write instead."""
    with pytest.raises(BadStep) as error:
        read_steps(f"GET /\n{line}\n", file="s.txt", environ={})
    assert str(error.value).startswith(message)


def test_the_command_signs_in_and_takes_steps(tmp_path: Path) -> None:
    """The password comes from the environment; --login alone, and a bad line, are said."""
    steps, file = tmp_path / "steps.txt", tmp_path / "policy.json"
    steps.write_text("GET /low\nPOST /basket item=map\n", "utf-8")
    with tide(tmp_path, front=adding("set-cookie", "basket_of=1", path="/basket")) as origin:
        file.write_text(json.dumps(policy(origins=[origin])), "utf-8")

        def run(*words: object, password: str = "x") -> tuple[int, str]:
            result = CliRunner(env={"ASKFIRST_PASSWORD": password}).invoke(
                main, ["doctor", origin, "--no-browser", "--policy", str(file), *map(str, words)]
            )
            return result.exit_code, result.output

        status, output = run("--script", steps, "--json")
        (finding,) = json.loads(output)["findings"]
        assert (status, finding["id"]) == (2, "askfirst.D004")
        assert finding["where"] == "steps.txt:2 POST /basket"
        status, output = run("--login", "/login", "--user", "ada")
        assert (status, "askfirst.D025" in output) == (2, True)
        assert run("--login", "/login")[0] == 2
        assert "belong together" in run("--login", "/login")[1]
        steps.write_text("PUT /a\n", "utf-8")
        status, output = run("--script", steps)
        assert (status, "steps.txt:1" in output) == (1, True)


def test_forms_are_read_as_a_browser_sends_them() -> None:
    """Boxes that are ticked, the option that is chosen, text areas; no button, no file."""
    (form,) = read_forms(
        """<form action="/a" method=post><input type=hidden name=t value=1><input name=u>
        <input type=checkbox name=c value=yes checked><input type=checkbox name=d>
        <input type=radio name=r value=1><input type=radio name=r value=2 checked>
        <select name=s><option value=a>A<option value=b selected>B</select>
        <select name=o><option value=x>X</select><textarea name=m>
hello</textarea><input type=file name=f><input type=submit name=go></form><input name=outside>"""
    )
    assert (form.action, form.method) == ("/a", "POST")
    plain = {"t": "1", "u": "", "c": "yes", "r": "2", "s": "b", "o": "x", "m": "hello"}
    assert form.sends() == plain
    assert form.sends(boxes=True) == {**plain, "d": "on"}
    assert form.password is None
