"""`askfirst snippet`: the files of a site without a server of ours, and the line for its pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from askfirst.endpoints.development import BAR
from askfirst.endpoints.policy import gpc_json, policy_json
from askfirst.http.mount import cookie_suffix, mount_at, root_of
from askfirst.pages.assets import FOLDER, KINDS
from askfirst.pages.document import document
from askfirst.pages.forms import BASE
from askfirst.pages.html import Html, el
from askfirst.pages.policy import policy_page
from askfirst.pages.words import Words, words_for
from askfirst.terms.edition import Editions
from askfirst.terms.languages import shipped_languages
from askfirst_collector.catalogue.first_policy import tidy_origin
from askfirst_collector.commands.data import click_errors, data_option, opened

REMOTE = "askfirst-remote.js"  # askfirst.js, with the way to a collector in it
LANGUAGES = b"{languages}"  # in it: sdk/js/tools/build.mjs


@click.command()
@click.argument("name", metavar="SITE")
@data_option
@click.option("--collector", required=True, help="Where pages reach the collector, an origin.")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that the site serves; files are written below it.",
)
@click.option("--root", default="", help="The sub-folder that the site is in, such as /blog.")
def snippet(name: str, data: Path, collector: str, out: Path, root: str) -> None:
    """Write script, styles and policy for a site without a server of ours: static, PHP, Node.

    The site serves them itself: nothing is loaded from the collector before an answer. Write them
    again after each edition, and after an upgrade.
    """
    if root and not root_of(root):
        raise click.UsageError(f"--root {root!r}: write a path such as /blog.")
    with click_errors():
        origin = tidy_origin(collector)
    with opened(data) as parts:
        site = parts.registry.site(name)
        if site is None:
            raise click.ClickException(f"There is no site {name!r}. See: askfirst site list")
        editions = site.editions
    mount_at(root_of(root))
    for path, body in static_site(editions, origin):
        file = out / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        except OSError as error:
            raise click.ClickException(f"{file} cannot be written ({error.strerror}).") from error
    click.echo(f"Edition {editions.current.number} of {name} is in {out / 'askfirst'}.", err=True)
    click.echo("In the <head> of every page:", err=True)
    click.echo(script_line(origin))
    click.echo(
        f"Where pages have a Content-Security-Policy it needs script-src 'self', style-src 'self' "
        f"and connect-src 'self' {origin}.",
        err=True,
    )


def script_line(collector: str) -> Html:
    """The one line that pages have, below the root of this moment."""
    source = f"{BASE}/static/askfirst.js"
    return el("script", {"src": source, "data-collector": collector, "defer": True})


def static_site(editions: Editions, collector: str) -> Iterator[tuple[str, bytes]]:
    """Each file by its path below the site's root; `editions` are those that were published."""
    policy = editions.current.policy
    first = words_for("", policy)
    languages = {first.lang: first} | {
        tag: words_for(tag, policy) for tag in (one.partition("-")[0] for one in policy.languages)
    }
    for file in sorted(FOLDER.rglob("*")):
        if file.suffix in KINDS and file.name not in ("manifest.json", BAR, REMOTE, "askfirst.js"):
            yield f"askfirst/static/{file.relative_to(FOLDER).as_posix()}", file.read_bytes()
    # So that it asks for no file that is not there: those with words of ours.
    spoken = " ".join(tag for tag in languages if tag in shipped_languages())
    script = (FOLDER / REMOTE).read_bytes().replace(LANGUAGES, spoken.encode("ascii"))
    yield "askfirst/static/askfirst.js", script
    yield ".well-known/gpc.json", gpc_json(editions)
    yield "askfirst/policy/index.json", policy_json(editions, first)
    for tag, words in languages.items():
        yield f"askfirst/policy/{tag}.json", policy_json(editions, words)
    for edition in editions:
        current = edition is editions.current
        text = policy_page(edition, words=first, current=current).encode("utf-8")
        yield f"askfirst/policy/{edition.hash}/index.html", text
        if current:
            yield "askfirst/policy/index.html", text
    title = first.say("control", "title")
    # Without a script nobody is asked, and nothing is gathered.
    choose = el("p", None, el("a", {"href": "#", "data-askfirst": "choices"}, title))
    scripts = (script_line(collector), _module())
    away = first.say("notice", "failed")
    lost = el("p", {"id": "askfirst-lost", "role": "alert", "hidden": True}, away)
    page = document(title, scripts, lost, choose, words=first, site=policy.site)
    yield "askfirst/choices/index.html", page.encode("utf-8")
    rights = _rights(policy.site, collector, first)
    yield from ((f"askfirst/rights/{name}/index.html", rights) for name in ("me", "receipt"))


def _module() -> Html:
    return el("script", {"type": "module", "src": f"{BASE}/static/rights.js"})


def _rights(site: str, collector: str, words: Words) -> bytes:
    data = {
        "data-askfirst-rights": site,
        "data-collector": collector,
        "data-suffix": cookie_suffix().decode("ascii"),
    }
    nothing = el("div", data, el("p", None, words.say("rights", "none_why")))
    title, intro = words.say("rights", "title"), words.say("rights", "intro")
    page = document(title, nothing, _module(), words=words, site=site, intro=intro)
    return page.encode("utf-8")
