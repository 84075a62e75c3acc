"""`askfirst init`: write a first policy, and say which lines put the gate in front."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from askfirst.terms.policy import idle_purposes, read_policy, shipped
from askfirst_collector.catalogue.first_policy import LEVELS, PURPOSES, tidy_origin
from askfirst_collector.commands.data import click_errors
from askfirst_collector.frameworks import FILES, FRAMEWORKS, Framework
from askfirst_collector.init.closing import choose
from askfirst_collector.init.next_steps import cookie_lines, cookies_of, next_steps
from askfirst_collector.init.project import Project, look_at
from askfirst_collector.init.questions import Question, questions
from askfirst_collector.init.write_policy import Answers, write

VISITORS = 100  # a day, where nobody says
FILE = "policy.toml"
KINDS = {**FRAMEWORKS, FILES.name: FILES}


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=FILE)
@click.option(
    "--framework",
    type=click.Choice(sorted(KINDS)),
    help="Else it is looked for; files is a site without Python.",
)
@click.option("--site", help="A short name of the site; it stands in cookies and receipts.")
@click.option("--origin", help="Where visitors find it, such as https://example.org.")
@click.option("--controller", help="Who decides about the data, as visitors know it.")
@click.option("--contact", help="Where a visitor can write to.")
@click.option("--country", help="The controller's country, two letters.")
@click.option(
    "--visitors", type=click.IntRange(0), help="How many a day; says how long periods are."
)
@click.option("--level", type=click.Choice([*LEVELS]), help="The policy to start from.")
@click.option(
    "--purpose",
    "purposes",
    multiple=True,
    type=click.Choice(PURPOSES),
    help="What for; may be repeated. Statistics alone where nobody says.",
)
@click.option(
    "--count-refusals/--no-count-refusals",
    default=None,
    help="Add each refusal to a tally of its day, so that rates of agreement can be said.",
)
@click.option("--yes", is_flag=True, help="Ask nothing; take what was found, or the default.")
def init(
    path: Path,
    framework: str | None,
    site: str | None,
    origin: str | None,
    controller: str | None,
    contact: str | None,
    country: str | None,
    visitors: int | None,
    level: str | None,
    purposes: tuple[str, ...],
    count_refusals: bool | None,
    yes: bool,
) -> None:
    """Write a policy for the project in this folder to PATH, and say what to do next.

    PATH is a file, or the folder of the project, which is made where it is not there. What is
    there is never overwritten.
    """
    # A name without an ending is a folder that is not there yet.
    is_folder = path.is_dir() or not (path.suffix or path.exists() or path.is_symlink())
    folder, file = (path, path / FILE) if is_folder else (Path(), path)
    refuse_to_overwrite(file)
    project = look_at(folder)
    ask = _Asking(yes)
    chosen = ask.framework(framework, project)
    options = {
        "site": site,
        "origin": tidy_origin(origin) if origin else None,
        "controller": controller,
        "contact": contact,
        "country": country.upper() if country else None,
    }
    replies = {
        question.key: ask.one(question, options[question.key])
        for question in questions(project, folder)
    }
    visitors = ask.number(visitors)
    level = ask.level(level)
    purposes = ask.purposes(purposes)
    counts = ask.refusals(count_refusals)
    cell = max(p.terms.min_cell_size for p in shipped(level).purposes.values())
    closing = choose(visitors, cell)
    cookies = cookies_of(chosen, project)
    answers = Answers(
        **replies,
        level=level,
        closes=closing.closes,
        cookies=cookies,
        purposes=purposes,
        count_refusals=counts,
    )
    text = write(answers)
    with click_errors():
        policy = read_policy(text)
    write_new(file, text)
    click.echo(f"\n{closing.why}\n\nWrote {file}.")
    _made_up(ask.made_up, file)
    for line in cookie_lines(cookies, policy, project):
        click.echo(line)
    for problem in idle_purposes(policy):
        click.echo(f"{problem.pointer}: {problem.message}.")
    click.echo(next_steps(chosen, project, folder, file, policy.site))


class _Asking:
    """Asks for what no option told; without a terminal says which option is missing."""

    def __init__(self, yes: bool) -> None:
        self.yes = yes
        self.made_up: list[str] = []

    def one(self, question: Question, option: str | None) -> str:
        """One answer that the policy's reader takes."""
        if option is None and self.yes:
            if question.made_up:
                self.made_up.append(f"{question.key} ({question.default})")
            return question.default
        if option is not None:
            if wrong := question.check(option):
                raise click.UsageError(f"--{question.key} {option!r}: {wrong}")
            return option

        def checked(value: str) -> str:
            tidied = tidy_origin(value) if question.key == "origin" else value.strip()
            tidied = tidied.upper() if question.key == "country" else tidied
            if wrong := question.check(tidied):
                raise click.BadParameter(wrong)
            return tidied

        hint = None if question.made_up and question.key != "origin" else question.default
        return str(self._prompt(question.asks, question.key, default=hint, value_proc=checked))

    def framework(self, name: str | None, project: Project) -> Framework:
        """The framework: told, found, or asked for."""
        if name is not None:
            return KINDS[name]
        if project.framework is not None:
            click.echo(f"Found {project.framework.title}: {project.because}.")
            if self.yes:
                return project.framework
        elif self.yes:
            click.echo(
                "Found no framework that is known here; these are the lines for any ASGI. For a "
                "site without Python: --framework files"
            )
            return FRAMEWORKS["asgi"]
        default = project.framework.name if project.framework else None
        kinds = click.Choice(sorted(KINDS))
        asks = "Which framework? A site without Python is files"
        return KINDS[self._prompt(asks, "framework", default=default, type=kinds)]

    def number(self, value: int | None) -> int:
        """Visitors a day."""
        if value is not None:
            return value
        if self.yes:
            return VISITORS
        kind = click.IntRange(0)
        asks = "How many visitors has it a day, about?"
        return int(self._prompt(asks, "visitors", default=VISITORS, type=kind))

    def level(self, value: str | None) -> str:
        """The policy to start from."""
        if value is not None or self.yes:
            return value or "standard"
        for name, means in LEVELS.items():
            click.echo(f"  {name:<9} {means}")
        kinds = click.Choice([*LEVELS])
        return str(self._prompt("Which level?", "level", default="standard", type=kinds))

    def purposes(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """What visitors are asked about: statistics alone is the default."""
        if names or self.yes:
            return tuple(dict.fromkeys(names)) or PURPOSES[:1]

        def judged(value: str) -> tuple[str, ...]:
            words = tuple(dict.fromkeys(value.replace(",", " ").split()))
            if not words or set(words) - set(PURPOSES):
                raise click.BadParameter(f"write some of {', '.join(PURPOSES)}")
            return words

        asks = f"Which purposes are there, of {', '.join(PURPOSES)}?"
        chosen = self._prompt(asks, "purpose", default=PURPOSES[0], value_proc=judged)
        return tuple(chosen)

    def refusals(self, value: bool | None) -> bool:
        """Whether refusals are counted: no is the default."""
        if value is not None or self.yes:
            return bool(value)
        asks = "Count refusals? Each adds one to a tally of its day, and nothing else [y/N]"
        kind = click.BOOL
        return bool(
            self._prompt(asks, "no-count-refusals", default=False, show_default=False, type=kind)
        )

    @staticmethod
    def _prompt(text: str, option: str, **how: Any) -> Any:
        try:
            return click.prompt(text, **how)
        except click.Abort:
            if sys.stdin is not None and sys.stdin.isatty():
                raise
            raise click.UsageError(
                f"Nobody is there to answer. Give --{option}, or --yes for what can be taken "
                "unasked."
            ) from None


def refuse_to_overwrite(file: Path) -> None:
    """Stop where a file is there already."""
    if file.exists() or file.is_symlink():
        raise click.ClickException(
            f"{file} is there already, and a policy that visitors agreed to is not overwritten. "
            f"Move it away first, such as: mv {file} {file.with_suffix('.old' + file.suffix)}"
        )


def write_new(file: Path, text: str) -> None:
    """Write a file that is not there yet, and its folder."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        refuse_to_overwrite(file)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written ({error.strerror}).") from error


def _made_up(keys: list[str], file: Path) -> None:
    if keys:
        click.echo(
            f"Nobody told these, so replace them in {file} before the first visitor: "
            f"{', '.join(keys)}."
        )
