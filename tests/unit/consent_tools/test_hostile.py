"""Configurations that somebody made to hurt: they end soon, say why, and bring nothing along."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from askfirst.terms.policy import read_policy
from askfirst_collector.cli import main
from askfirst_collector.consent_tools.configuration import Notes, globs_of
from askfirst_collector.consent_tools.cookieyes import read_cookieyes
from askfirst_collector.consent_tools.klaro import read_klaro
from askfirst_collector.consent_tools.script_values import (
    Pattern,
    UnreadableConfiguration,
    Value,
    tables_of,
)

CONTROL = "\x1b\x07\x00\x7f\x9b\u202e\u2028"


def run(tool: str, source: str, folder: Path, *, name: str = "theirs.js") -> tuple[Result, Path]:
    file, out = folder / name, folder / "policy.toml"
    file.write_text(source, encoding="utf-8")
    command = ["import", tool, str(file), "--out", str(out), "--site", "tides"]
    answer = CliRunner().invoke(main, [*command, "--origin", "https://example.org"])
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer, out


def test_its_words_stay_words(tmp_path: Path) -> None:
    """No name, text, comment or file name brings a line, or what a terminal obeys, anywhere."""
    evil = r"""x\"]\n[controller]\nname = \"evil\x1b[31m\x07\u0000\x7f\x9b\u202e\u2028"""
    script = f"""CookieConsent.run({{ "{evil}1": 1, onConsent: function () {{ /* \x1b[2J */ }},
      categories: {{
        necessary: {{ readOnly: true, autoClear: {{ cookies: [{{ name: "{evil}" }}] }} }},
        "{evil}": {{
          autoClear: {{ cookies: [
            {{ name: "{evil}" }}, {{ name: /\x1b(?!x)/ }}, {{ name: "_ok" }}] }},
          services: {{ "Google Analytics": {{}}, "{evil}": {{ "{evil}": 1 }} }} }} }},
      language: {{ default: "en", translations: {{ "{evil}": 1, en: {{
        preferencesModal: {{ sections: [
          {{ title: "{evil}", description: "{evil}", linkedCategory: "{evil}" }}
        ] }} }} }} }} }});"""
    answer, out = run("orestbida", script, tmp_path, name="a\n[controller]\nb\x1b.js")

    assert answer.exit_code == 0, answer.output
    policy = read_policy(out)
    assert not any(sign in answer.output.replace(str(tmp_path), "") for sign in CONTROL)
    assert not any(sign in out.read_text("utf-8") for sign in CONTROL)
    assert out.read_text("utf-8").count("\n[controller]") == 1
    (purpose,) = policy.purposes.values()
    assert purpose.terms.cookies.items == {"_ok"}
    assert policy.necessary == ()
    assert purpose.text["en"].title.startswith('x"] [controller] name = "evil')


def test_two_words_never_share_a_purpose(tmp_path: Path) -> None:
    """M14: what cannot be a purpose's name gets one of its own, and merges two of them never."""
    script = json.dumps(
        {
            "services": [
                {"name": "a", "purposes": ["統計"], "cookies": ["_a"]},
                {"name": "b", "purposes": ["広告"], "cookies": ["_b"]},
                {"name": "c", "purposes": ["Ad Net"], "cookies": ["_c"]},
                {"name": "d", "purposes": ["ad-net"], "cookies": ["_d"]},
                {"name": "e", "purposes": ["x" * 50 + "1"], "cookies": ["_e"]},
                {"name": "f", "purposes": ["x" * 50 + "2"], "cookies": ["_f"]},
            ]
        }
    )
    answer, out = run("klaro", f"klaroConfig = {script}", tmp_path)
    assert answer.exit_code == 0, answer.output
    cookies = {n: p.terms.cookies.items for n, p in read_policy(out).purposes.items()}
    names = ["purpose", "purpose-2", "ad-net", "ad-net-2", "x" * 40, "x" * 38 + "-2"]
    assert cookies == {
        name: {cookie}
        for name, cookie in zip(names, ["_a", "_b", "_c", "_d", "_e", "_f"], strict=True)
    }

    out.unlink()
    answer, out = run("cookieyes", "cookie,category\n_a,統計 A\n_b,広告\n_c,統計 a \n", tmp_path)
    assert answer.exit_code == 0, answer.output
    policy = read_policy(out)
    assert [p.terms.cookies.items for p in policy.purposes.values()] == [{"_a", "_c"}, {"_b"}]
    assert 'data-cookieyes="cookieyes-統計-a"' in answer.output


def test_a_minified_file_says_all_that_is_lost(tmp_path: Path) -> None:
    """Two things on one line are two notes, and a long one is cut."""
    names = '"a b", "c;d", /^(?!x)y/, /' + "z" * 5000 + "/"
    cookies = ", ".join(f"{{name: {name}}}" for name in names.split(", "))
    script = f"run({{categories: {{ads: {{autoClear: {{cookies: [{cookies}]}}}}}}}})"
    answer, out = run("orestbida", script, tmp_path)
    assert answer.exit_code == 0, answer.output
    lines = [line for line in answer.output.splitlines() if ":1: cookies: " in line]
    assert len(lines) == 4
    assert all(len(line) < 500 for line in lines)
    assert read_policy(out).purposes["ads"].terms.cookies.items == set()


def test_two_escapes_may_be_one_sign() -> None:
    """As JSON writes what is outside the first 65,536; half of one is none."""
    (table,) = tables_of(b'{"a": "\\ud83d\\ude00!", "b": "\\ud83d!"}')
    assert (table.get("a").text(), table.get("b").text()) == ("😀!", "!")


Read = Callable[[bytes], object]


@pytest.mark.parametrize(
    ("read", "source", "says"),
    [
        (read_klaro, b"x(" * 20_000 + b"{a: 1}" + b")" * 20_000, "no klaroConfig"),
        (read_klaro, b"`${" * 5_000 + b"1" + b"}`" * 5_000, "no klaroConfig"),
        (read_cookieyes, b"cookie,category\n" + b"a" * 200_000 + b",x\n", "line 1 is no CSV"),
    ],
)
def test_a_deep_or_long_one_ends_soon(read: Read, source: bytes, says: str) -> None:
    """What costs more the longer it is ends in seconds of this process, and says why."""
    start = time.process_time()
    with pytest.raises(UnreadableConfiguration, match=says):
        read(source)
    assert time.process_time() - start < 20


def test_expressions_and_cells_are_read_as_far_as_they_are_short() -> None:
    """A pattern, or a cell of digits, that would take hours to be matched is left to its owner."""
    start = time.process_time()
    assert globs_of(Value(1, Pattern("^(" + "a*" * 400_000)), Notes()) == ()
    read_cookieyes(b"cookie,category,duration\n_s,necessary," + b"9" * 120_000 + b"\n")
    assert time.process_time() - start < 20
