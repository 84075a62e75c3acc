"""React, Vue and Svelte: one suite, with the real frameworks and the package as npm has it."""

from __future__ import annotations

import subprocess

import pytest
from playwright.sync_api import expect

from tests.browser.browsers import missing
from tests.browser.sdk.site import SCRIPT, Page, Site, page, script
from tests.browser.sdk.visitor import Visitor, settled, until
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

HERE = "tests/browser/sdk/frameworks"
UNKNOWN = "none false false"


def node(*arguments: str, program: str | None = None) -> str:
    """What Node prints."""
    done = subprocess.run(
        ["node", *arguments], input=program, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=["react", "vue", "svelte"])
def framework(request: pytest.FixtureRequest) -> str:
    """The name of a framework that is here."""
    name = str(request.param)
    if not (ROOT / "node_modules" / name).is_dir():
        missing(f"{name} is not here (npm install)")
    return name


@pytest.fixture(scope="module")
def client(framework: str) -> str:
    """The application for a browser."""
    return node(f"{HERE}/bundle.mjs", framework, "client")


@pytest.fixture(scope="module")
def rendered(framework: str) -> str:
    """The application as a server renders it: Node, without a DOM."""
    return node("-", program=node(f"{HERE}/bundle.mjs", framework, "server"))


def offer(site: Site, client: str, rendered: str = "", *, classic: str = "") -> None:
    site.pages["/app.js"] = script(client)
    site.pages["/map"] = Page("<p>a map</p>", {})
    site.pages["/stats.js"] = script("window.ran = (window.ran ?? 0) + 1")
    body = f'<div id="root">{rendered}</div><script type="module" src="/app.js"></script>'
    site.pages["/"] = Page(page(body, script=classic).html, {})


def test_a_server_renders_the_page_as_unanswered(rendered: str) -> None:
    """M01: whoever is to see it, a server renders what stands for no answer."""
    assert 'id="no"' in rendered
    assert "yes" not in rendered
    assert UNKNOWN in rendered.replace("<!-- -->", "")


@pytest.mark.parametrize("classic", ["", SCRIPT], ids=["module", "beside our script"])
def test_the_page_follows_the_answer(
    site: Site, visitor: Visitor, client: str, rendered: str, classic: str
) -> None:
    """M12: gates open with the answer and close with its end; a rendered page is taken over."""
    offer(site, client, rendered, classic=classic)
    tab = visitor.context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    visitor.go(tab, "/")
    expect(tab.locator("output")).to_have_text(UNKNOWN)
    expect(tab.locator("#no")).to_have_count(1)
    expect(tab.locator(".askfirst-embed")).to_be_visible()
    assert site.asked_for("/map") == 0
    visitor.answer(tab, "Accept all")
    expect(tab.locator("output")).to_have_text("visitor true false")
    expect(tab.locator("#yes")).to_have_count(1)
    until(tab, lambda: tab.evaluate("window.ran") == 1)
    expect(tab.locator("iframe[title=Map][width='300'][src='/map']")).to_have_count(1)
    tab.locator("#askfirst-control button[value=withdraw]").click()
    expect(tab.locator(".askfirst-embed")).to_be_visible()
    expect(tab.locator("iframe[src]")).to_have_count(0)
    expect(tab.locator("#no")).to_have_count(1)
    expect(tab.locator("#yes")).to_have_count(0)
    tab.evaluate("unmount()")
    expect(tab.locator(".askfirst-embed")).to_have_count(0)
    tab.evaluate("askfirst.refresh()")
    settled(tab)
    assert tab.evaluate("window.ran") == 1
    assert [each for each in complaints if "status of" not in each] == []
    assert visitor.errors == []


def test_a_rendered_page_is_taken_over_however_late(
    site: Site, visitor: Visitor, client: str, rendered: str
) -> None:
    """What waits is left as the server rendered it until the framework is there."""
    offer(site, client, rendered, classic=SCRIPT)
    late = '<script>window.takeOver = () => import("/app.js")</script>'
    now = '<script type="module" src="/app.js"></script>'
    site.pages["/"] = Page(site.pages["/"].html.replace(now, late), {})
    tab = visitor.context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    visitor.go(tab, "/")
    settled(tab)
    tab.evaluate("takeOver()")
    expect(tab.locator(".askfirst-embed")).to_be_visible()
    visitor.answer(tab, "Accept all")
    expect(tab.locator("iframe[title=Map][src='/map']")).to_have_count(1)
    assert [each for each in complaints if "status of" not in each] == []
    assert visitor.errors == []


def test_a_script_that_a_framework_puts_in_runs(site: Site, visitor: Visitor, client: str) -> None:
    """A script that waits, written in a component, runs after the grant, and once."""
    offer(site, client)
    tab = visitor.open()
    expect(tab.locator("#no")).to_have_count(1)
    settled(tab)
    assert site.asked_for("/stats.js") == 0
    visitor.answer(tab, "Accept all")
    until(tab, lambda: tab.evaluate("window.ran") == 1)
    settled(tab)
    assert tab.evaluate("window.ran") == 1


def test_the_module_is_inert_without_a_page() -> None:
    """Imported by a server it throws nothing, knows nothing and allows nothing."""
    told = node(
        "--input-type=module",
        "-",
        program="""
        import { init } from "askfirst";
        const api = init({ base: "/elsewhere/" });
        api.on("change", () => { throw new Error("nobody answers here"); })();
        api.track("signup"); api.show(); api.refresh();
        console.log(api.allows("statistics"), JSON.stringify(api.consent), typeof window);
        """,
    )
    assert told == 'false {"source":"none","details":{},"scopes":{},"asks":[]} undefined\n'


def test_a_project_of_somebody_else_gets_types(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`window.askfirst`, and every entry of the package, under the strictest settings."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "node_modules").mkdir()
    for name in ("askfirst", "react", "vue", "svelte", "@types", "csstype", "@vue"):
        target = ROOT if name == "askfirst" else ROOT / "node_modules" / name
        (folder / "node_modules" / name).symlink_to(target)
    (folder / "main.ts").write_text("""
        import { type ConsentView, init } from "askfirst";
        import { show } from "askfirst/banner";
        import { start } from "askfirst/tracker";
        import "askfirst/style.css";
        import { Gate } from "askfirst/react";
        import { useConsent } from "askfirst/vue";
        import { consent } from "askfirst/svelte";
        const view: ConsentView | undefined = window.askfirst?.consent;
        const allows: boolean = init({ reload: true }).allows("statistics");
        // @ts-expect-error there is no such option
        init({ reloads: true });
        export { allows, consent, Gate, show, start, useConsent, view };
    """)
    tsc = [
        str(ROOT / "node_modules/.bin/tsc"),
        *("--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"),
        *("--noUncheckedSideEffectImports", "--target", "es2022", "--module", "esnext"),
        *("--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable", "--types", ""),
        *("--skipLibCheck", "--preserveSymlinks", "main.ts"),
    ]
    done = subprocess.run(tsc, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
