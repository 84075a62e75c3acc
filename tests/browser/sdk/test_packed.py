"""The package as npm packs it, in an empty project: one site by esbuild and Vite, three ways."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.browsers import missing
from tests.browser.sdk.site import Site
from tests.browser.sdk.test_built_sites import run, serve
from tests.browser.sdk.visitor import Visitor
from tests.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(1200)]
PACKAGES = {
    "vite": "8.3.8",
    "esbuild": "0.28.2",
    "vue": "3.5.45",
    "react": "19.3.1",
    "react-dom": "19.3.1",
}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tides</title></head>
<body><main id="app"></main><button id="all">All of it</button>
<script type="text/plain" data-purpose="statistics" data-src="/counted.js"></script>
<script type="module" src="./main.js"></script></body></html>"""
# In each the button answers by the package's own calls.
BUTTON = """import "askfirst/style.css";
import { adpc } from "askfirst/adpc";
import { consentMode } from "askfirst/consent-mode";
import { gpp } from "askfirst/gpp";
import { manage } from "askfirst/manage";
consentMode({ analytics: "statistics" });
gpp({ ads: "marketing" });
adpc();
document.querySelector("#all").onclick = () => manage().acceptAll();
"""
SOURCES = {
    "plain": """import { init } from "askfirst";
const askfirst = init();
askfirst.on("change", () => {
    const text = askfirst.allows("statistics") ? "counted" : "not counted";
    document.querySelector("#app").innerHTML = `<output>${text}</output>`;
});
""",
    "react": """import { createElement as h } from "react";
import { createRoot } from "react-dom/client";
import { AskfirstProvider, Gate } from "askfirst/react";
const no = h("output", null, "not counted");
const gate = h(Gate, { purpose: "statistics", fallback: no }, h("output", null, "counted"));
createRoot(document.querySelector("#app")).render(h(AskfirstProvider, null, gate));
""",
    "vue": """import { createApp, h } from "vue";
import { askfirst, Gate } from "askfirst/vue";
const slots = {
    default: () => h("output", "counted"),
    fallback: () => h("output", "not counted"),
};
const App = { render: () => h(Gate, { purpose: "statistics" }, slots) };
createApp(App).use(askfirst).mount("#app");
""",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sites, `BUILDER-FRAMEWORK`, of what `npm pack` makes of this checkout."""
    folder = tmp_path_factory.mktemp("packed")
    program = shutil.which("npm")
    if program is None:
        missing("npm is not here")
    packed = subprocess.run(
        [program, "pack", "--json", "--pack-destination", folder],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer = json.loads(packed.stdout)
    # By npm 12 an object by name, by those before it a list.
    (entry,) = answer.values() if isinstance(answer, dict) else answer
    dependencies = {**PACKAGES, "askfirst": f"file:{entry['filename']}"}
    package = {"private": True, "type": "module", "dependencies": dependencies}
    (folder / "package.json").write_text(json.dumps(package), "utf-8")
    install = run(folder, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error")
    if install.returncode:
        pytest.skip(f"the builders cannot be had: {install.stderr[-300:]}")
    for name, source in SOURCES.items():
        (folder / name).mkdir()
        (folder / name / "index.html").write_text(PAGE, "utf-8")
        (folder / name / "main.js").write_text(source + BUTTON, "utf-8")
        out = folder / "out" / f"esbuild-{name}"
        bundle = ("--bundle", "--minify", "--splitting", "--format=esm", f"--outdir={out}")
        ran = run(folder, "npx", "--no-install", "esbuild", f"{name}/main.js", *bundle)
        assert ran.returncode == 0, ran.stderr[-2000:]
        shutil.copy(folder / name / "index.html", out)
        to = (f"--base=/vite-{name}/", f"--outDir={folder / 'out' / f'vite-{name}'}")
        ran = run(folder, "npx", "--no-install", "vite", "build", name, *to)
        assert ran.returncode == 0, f"{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"
    return folder / "out"


def test_it_gates_alike_however_it_is_built(site: Site, visitor: Visitor, built: Path) -> None:
    """M01, M11, M14: nothing before an answer, all after it, nothing after its withdrawal."""
    serve(site, built)
    names = sorted(path.name for path in built.iterdir())
    assert names == [f"{b}-{f}" for b in ("esbuild", "vite") for f in ("plain", "react", "vue")]
    for name in names:
        # The page's own address has a slash, as a server of folders makes it.
        site.pages[f"/{name}/"] = site.pages[f"/{name}"]
        tab = visitor.open(f"/{name}/")
        state, notice = tab.locator("#app output"), tab.locator("#askfirst-notice")
        expect(notice).to_be_visible()
        expect(state).to_have_text("not counted")
        waits = tab.locator("script[data-purpose]")
        assert waits.get_attribute("src") is None, name
        tab.locator("#all").click()
        expect(state).to_have_text("counted")
        expect(notice).to_have_count(0)
        tab.reload()
        expect(state).to_have_text("counted")
        tab.get_by_role("button", name="Withdraw all").click()
        expect(state).to_have_text("not counted")
        assert visitor.errors == [], name
        tab.close()
        visitor.context.clear_cookies()
