"""A site without a server of ours asks for files that are there, in whatever language."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.host_world import profile
from tests.browser.sdk.test_static_site import (
    StaticSite,
    static_site,  # noqa: F401 (a fixture)
)
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

TITLES = {"en": "May we use data", "de": "Dürfen wir"}
NPM = ROOT / "sdk/js/built"


def visit(chromium: Browser, site: StaticSite, lang: str, locale: str = "en") -> list[str]:
    """Open the page in this language; what was asked for in vain, and what was said of it."""
    context = profile(chromium, locale=locale)
    page = context.new_page()
    wrong: list[str] = []
    page.on("response", lambda answer: wrong.append(answer.url) if answer.status > 399 else None)
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    in_language(site, lang)
    page.goto(site.origin)
    title = TITLES["de" if lang.lower().startswith("de") else "en"]
    expect(page.locator("#askfirst-title")).to_contain_text(title)
    page.get_by_role("link", name="Choose" if title == TITLES["en"] else "wählen").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    context.close()
    return [one for one in wrong if "favicon" not in one]


def in_language(site: StaticSite, lang: str) -> None:
    file = site.folder / "index.html"
    before, _, rest = file.read_text("utf-8").partition('<html lang="')
    file.write_text(f'{before}<html lang="{lang}"{rest[rest.index(">") :]}', "utf-8")


@pytest.fixture(params=["script", "module"])
def spoken(request: pytest.FixtureRequest, static_site: StaticSite) -> StaticSite:  # noqa: F811
    """A site whose policy has English and German, and Basque, of which we have no words."""
    purposes = static_site.document["purposes"]
    for purpose in purposes.values():
        text = purpose["text"]["en"]
        purpose["text"] = dict.fromkeys(("en", "de", "eu"), text)
    static_site.publish(languages=["en", "de", "eu"])
    if request.param == "module":
        as_module(static_site)
    return static_site


def as_module(site: StaticSite) -> None:
    """The page imports what npm's package has, in the place of the line."""
    names = [*NPM.glob("shared-*.js"), NPM / "index.js"]
    for file in names:
        (site.folder / file.name).write_bytes(file.read_bytes())
    call = f'import {{ init }} from "./index.js"; init({{ collector: "{site.collector}" }});'
    (site.folder / "begin.js").write_text(call, "utf-8")
    file = site.folder / "index.html"
    before, _, rest = file.read_text("utf-8").partition('<script src="/askfirst/')
    line = '<script type="module" src="/begin.js"></script>'
    file.write_text(before + line + rest.partition("</script>")[2], "utf-8")


@pytest.mark.parametrize(
    "lang", ["en", "de-AT", "DE", "fr", "nb", "eu", "fil", "gsw", "zh-Hant", "", "x"]
)
def test_no_file_is_asked_for_that_is_not_there(
    chromium: Browser, spoken: StaticSite, lang: str
) -> None:
    """S09: nothing is logged; in a language that the policy does not have its first is shown."""
    assert visit(chromium, spoken, lang, locale="fr-FR") == []


@pytest.mark.parametrize("spoken", ["script"], indirect=True)
def test_a_script_that_is_older_than_the_files(chromium: Browser, spoken: StaticSite) -> None:
    """S09: out of a cache it knows a language that is not there any more: the first is shown."""
    (spoken.folder / "askfirst/policy/de.json").unlink()
    in_language(spoken, "de")
    page = profile(chromium).new_page()
    page.goto(spoken.origin)
    expect(page.locator("#askfirst-title")).to_contain_text(TITLES["en"])
    page.context.close()
