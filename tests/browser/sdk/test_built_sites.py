"""Astro, Next, Nuxt and SvelteKit: sites that their own builders made, from the registry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.browser.browsers import missing
from tests.browser.sdk.site import Page, Site
from tests.browser.sdk.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(1200)]
SCRIPT = '<script src="/askfirst/static/askfirst.js" defer></script>'
PATIENCE = 600  # seconds for a registry, and for a build


@dataclass(frozen=True)
class Builder:
    """What is installed, and run, to make the files of a site in `out`.

    `pages` names the file of each of two pages, `page` is its text: THIS leads to OTHER.
    """

    packages: Mapping[str, str]
    command: tuple[str, ...]
    out: str
    pages: tuple[str, str]
    page: str
    files: Mapping[str, str]


def sveltekit() -> Builder:
    return Builder(
        {
            "@sveltejs/kit": "2.70.4", "svelte": "5.57.3", "vite": "7.3.8",
            "@sveltejs/vite-plugin-svelte": "6.2.4", "@sveltejs/adapter-static": "3.0.11",
        },
        ("vite", "build"),
        "build",
        ("src/routes/+page.svelte", "src/routes/two/+page.svelte"),
        '<h2>This is THIS</h2><a href="OTHER">To OTHER</a>',
        {
            "svelte.config.js": 'import adapter from "@sveltejs/adapter-static";\n'
            "export default { kit: { adapter: adapter() } };",
            "vite.config.js": 'import { sveltekit } from "@sveltejs/kit/vite";\n'
            "export default { plugins: [sveltekit()] };",
            "src/app.html": f'<!doctype html><html lang="en"><head>{SCRIPT}%sveltekit.head%</head>'
            "<body><div>%sveltekit.body%</div></body></html>",
            "src/routes/+layout.js": "export const prerender = true;",
        },
    )  # fmt: skip


def astro() -> Builder:
    inline = SCRIPT.replace("<script", "<script is:inline")
    return Builder(
        {"astro": "5.18.2"},
        ("astro", "build"),
        "dist",
        ("src/pages/index.astro", "src/pages/two.astro"),
        '---\nimport { ClientRouter } from "astro:transitions";\n---\n'
        f'<html lang="en"><head>{inline}<ClientRouter /></head>'
        '<body><h2>This is THIS</h2><a href="OTHER">To OTHER</a></body></html>',
        {},
    )


def next_js() -> Builder:
    return Builder(
        {"next": "16.4.6", "react": "19.3.1", "react-dom": "19.3.1"},
        ("next", "build"),
        "out",
        ("app/page.js", "app/two/page.js"),
        'import Link from "next/link";\n'
        "const Page = () => <main><h2>This is THIS</h2>"
        '<Link href="OTHER">To OTHER</Link></main>;\nexport default Page;',
        {
            "next.config.mjs": 'export default { output: "export" };',
            "app/layout.js": "const Layout = ({ children }) => (\n"
            f'<html lang="en"><head>{SCRIPT}</head><body>{{children}}</body></html>);\n'
            "export default Layout;",
        },
    )


def nuxt() -> Builder:
    return Builder(
        {"nuxt": "3.21.11"},
        ("nuxi", "generate"),
        ".output/public",
        ("pages/index.vue", "pages/two.vue"),
        "<template><main><h2>This is THIS</h2>"
        '<NuxtLink to="OTHER">To OTHER</NuxtLink></main></template>',
        {
            "nuxt.config.ts": "export default defineNuxtConfig({ telemetry: false, app: { head: "
            '{ script: [{ src: "/askfirst/static/askfirst.js", defer: true }] } } });',
            "app.vue": "<template><NuxtPage /></template>",
        },
    )


BUILDERS = {"astro": astro, "next": next_js, "nuxt": nuxt, "sveltekit": sveltekit}


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which(words[0])
    if program is None:
        missing(f"{words[0]} is not here")
    environ = {**os.environ, "CI": "1"}
    environ |= {f"{name}_TELEMETRY_DISABLED": "1" for name in ("ASTRO", "NEXT", "NUXT")}
    return subprocess.run(
        [program, *words[1:]], cwd=folder, env=environ, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module", params=BUILDERS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a site as its builder made them; skips where that cannot be had."""
    builder = BUILDERS[request.param]()
    folder = tmp_path_factory.mktemp(request.param)
    package = {"private": True, "type": "module", "dependencies": builder.packages}
    texts = {"package.json": json.dumps(package), **builder.files}
    for name, this, other in zip(builder.pages, ("/", "/two"), ("/two", "/"), strict=True):
        texts[name] = builder.page.replace("THIS", this).replace("OTHER", other)
    for name, text in texts.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    install = run(folder, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error")
    if install.returncode:
        pytest.skip(f"{request.param} cannot be had: {install.stderr[-300:]}")
    build = run(folder, "npx", "--no-install", *builder.command)
    assert build.returncode == 0, f"{build.stdout[-2000:]}\n{build.stderr[-2000:]}"
    return folder / builder.out


def serve(site: Site, files: Path) -> None:
    """What a server of files does: `/two` is `two.html`, or `index.html` of a folder."""
    for file in files.rglob("*"):
        if file.is_file():
            path = "/" + file.relative_to(files).as_posix()
            kind = guess_type(file.name)[0] or "application/octet-stream"
            page = Page(file.read_text("utf-8"), {}, kind)
            site.pages[path] = page
            if file.suffix == ".html":
                name = path.removesuffix(".html").removesuffix("/index")
                site.pages["/" if name in ("", "/index") else name] = page


def follow(tab: Tab, path: str) -> None:
    tab.get_by_text(f"To {path}", exact=True).click()
    expect(tab.locator("h2", has_text="This is")).to_have_text(f"This is {path}")
    assert tab.evaluate("window.soft"), "the page was loaded anew"


def test_notice_and_way_back_survive_its_router(site: Site, visitor: Visitor, built: Path) -> None:
    """M06, M11: a soft navigation is no answer and takes nothing away; an answer goes along."""
    serve(site, built)
    tab = visitor.open()
    tab.evaluate("window.soft = true")
    notice, control = tab.locator("#askfirst-notice"), tab.locator("#askfirst-control")
    expect(notice).to_have_count(1)
    follow(tab, "/two")
    expect(notice).to_have_count(1)
    expect(notice).to_be_visible()
    visitor.answer(tab, "Accept all")
    expect(notice).to_have_count(0)
    for path in ("/", "/two"):
        follow(tab, path)
        expect(control).to_have_count(1)
        expect(control).to_contain_text("Privacy choices: all on")
        expect(notice).to_have_count(0)
    control.get_by_role("button", name="Withdraw all").click()
    expect(control).to_contain_text("Privacy choices: all off")
    tab.go_back(wait_until="commit")
    expect(tab.locator("h2", has_text="This is")).to_have_text("This is /")
    expect(control).to_have_count(1)
    expect(control).to_contain_text("Privacy choices: all off")
    assert tab.evaluate("window.soft")
    assert visitor.errors == []
