"""`askfirst import`: the configuration of another consent tool as a policy, and what is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from askfirst.terms.policy import idle_purposes, read_policy
from askfirst_collector.catalogue.first_policy import tidy_origin
from askfirst_collector.commands.data import FILE, click_errors
from askfirst_collector.commands.init import refuse_to_overwrite, write_new
from askfirst_collector.commands.printing import console, print_json
from askfirst_collector.consent_tools.configuration import Configuration, Notes, one_line
from askfirst_collector.consent_tools.cookieyes import read_cookieyes
from askfirst_collector.consent_tools.klaro import read_klaro
from askfirst_collector.consent_tools.orestbida import read_orestbida
from askfirst_collector.consent_tools.policy_lines import Owner, policy_of
from askfirst_collector.consent_tools.script_values import UnreadableConfiguration
from askfirst_collector.init.project import look_at
from askfirst_collector.init.questions import questions

TOOLS: Mapping[str, Callable[[bytes], Configuration]] = {
    "orestbida": read_orestbida,
    "klaro": read_klaro,
    "cookieyes": read_cookieyes,
}


@click.command("import")
@click.argument("tool", type=click.Choice([*TOOLS]))
@click.argument("source", metavar="FILE", type=FILE)
@click.option("--out", type=FILE, default="policy.toml", show_default=True, help="The new policy.")
@click.option("--site", help="A short name of the site.")
@click.option("--origin", help="Where visitors find it, such as https://example.org.")
@click.option("--controller", help="Who decides about the data, as visitors know it.")
@click.option("--contact", help="Where a visitor can write to.")
@click.option("--country", help="The controller's country, two letters.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def import_(tool: str, source: Path, out: Path, as_json: bool, **options: str | None) -> None:
    """Turn FILE, a configuration of TOOL, into a policy, and say what does not carry over.

    FILE is read and not run: a script of vanilla-cookieconsent (orestbida) or Klaro, or the cookie
    list or categories of CookieYes (CSV, JSON or script). Nothing is overwritten.
    """
    refuse_to_overwrite(out)
    file = one_line(str(source))
    try:
        configuration = TOOLS[tool](source.read_bytes())
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}") from None
    except UnreadableConfiguration as error:
        raise click.ClickException(f"{file}: {error}") from None
    if not configuration.purposes:
        raise click.ClickException(
            f"{file} asks about nothing: every category or service in it is necessary"
        )
    owner, made_up = _owner(options, out.parent)
    notes = Notes()
    for note in configuration.notes:
        notes.add(note.line, note.key, note.says)
    text = policy_of(configuration, owner, source=source.name, file=out.name, notes=notes)
    with click_errors():
        policy = read_policy(text)
    write_new(out, text)
    if as_json:
        lines = [vars(note) for note in notes.all()]
        print_json({"policy": str(out), "hash": policy.hash, "made_up": made_up, "notes": lines})
        return
    printer = console()
    for note in notes.all():
        printer.print(f"{file}:{note.line}: {note.key}: {note.says}", markup=False, soft_wrap=True)
    for problem in idle_purposes(policy):
        printer.print(f"{problem.pointer}: {problem.message}.", markup=False, soft_wrap=True)
    if made_up:
        names = ", ".join(made_up)
        printer.print(f"Nobody told these, so replace them in {out}: {names}.", markup=False)
    printer.print(f"Wrote {out}. Next: askfirst policy check {out}", markup=False, soft_wrap=True)


def _owner(options: Mapping[str, str | None], folder: Path) -> tuple[Owner, list[str]]:
    """What the options say of the site, and which of it was made up."""
    answers: dict[str, str] = {}
    made_up = []
    for question in questions(look_at(folder), folder):
        option = options[question.key]
        if option is not None:
            option = tidy_origin(option) if question.key == "origin" else option.strip()
            option = option.upper() if question.key == "country" else option
            if wrong := question.check(option):
                raise click.UsageError(f"--{question.key} {option!r}: {wrong}")
        elif question.made_up:
            made_up.append(question.key)
        answers[question.key] = option if option is not None else question.default
    return Owner(**answers), made_up
