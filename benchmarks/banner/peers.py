"""The notices of others, from npm: a page for each, by its own instructions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from benchmarks.banner.pages import PURPOSES, Notice, page

from tests.conftest import ROOT

WORDS = {
    "title": "May we use data about your visit?",
    "description": "We ask for your consent to each purpose. Nothing is gathered before.",
}
VANILLA = {
    "hideFromBots": False,  # a browser that is driven is one to it
    "categories": {"necessary": {"enabled": True, "readOnly": True}}
    | {name.lower(): {} for name in PURPOSES},
    "language": {
        "default": "en",
        "translations": {
            "en": {
                "consentModal": WORDS
                | {
                    "acceptAllBtn": "Accept all",
                    "acceptNecessaryBtn": "Reject all",
                    "showPreferencesBtn": "Choose by purpose",
                },
                "preferencesModal": {
                    "title": "Privacy choices",
                    "acceptAllBtn": "Accept all",
                    "acceptNecessaryBtn": "Reject all",
                    "savePreferencesBtn": "Save choices",
                    "sections": [{"title": n, "linkedCategory": n.lower()} for n in PURPOSES],
                },
            }
        },
    },
}
KLARO = {
    "acceptAll": True,
    "services": [{"name": n.lower(), "title": n, "purposes": [n.lower()]} for n in PURPOSES],
}
OREJIME = {
    "privacyPolicyUrl": "/privacy",
    "purposes": [{"id": n.lower(), "title": n, "cookies": []} for n in PURPOSES],
}
TARTEAUCITRON = {"privacyUrl": "/privacy", "hashtag": "#c", "cookieName": "c", "DenyAllCta": True}
OSANO = {"type": "opt-in", "content": {"message": WORDS["description"]}}
MOZILLA = """
const banner = document.getElementById("moz-consent-banner");
addEventListener("mozConsentOpen", () => banner.classList.add("is-visible"));
MozConsentBanner.init({ helper: CookieHelper, cookieDomain: location.hostname });
"""
# It leaves the markup to the site: that of its README, with these words.
MOZILLA_BANNER = f"""
<aside class="moz-consent-banner" id="moz-consent-banner" role="region" aria-label="Cookie Banner">
<div class="moz-consent-banner-content"><h2 class="moz-consent-banner-heading">{WORDS["title"]}</h2>
<div class="moz-consent-banner-copy"><p>{WORDS["description"]}</p>
<div class="moz-consent-banner-controls">
<button type="button" class="moz-consent-banner-button">Accept all</button>
<button type="button" class="moz-consent-banner-button">Reject all</button>
<a href="/choices">Choose by purpose</a></div></div></div></aside>
"""
C15T = """
import "@c15t/react/styles.css";
import { createElement as h } from "react";
import { createRoot } from "react-dom/client";
import { ConsentBanner, ConsentDialog, ConsentManagerProvider } from "@c15t/react";
const consentCategories = ["necessary", "functionality", "measurement", "marketing"];
const options = { mode: "offline", consentCategories, overrides: { country: "DE" } };
createRoot(document.getElementById("root"))
  .render(h(ConsentManagerProvider, { options }, h(ConsentBanner), h(ConsentDialog)));
"""
STYLE, LOAD = '<link rel="stylesheet" href="/{}">', '<script src="/{}" defer></script>'


def peers(folder: Path) -> dict[str, Notice]:
    """Those that are installed below this folder, by name and version."""
    base = "tarteaucitron"
    languages = (f"css/{base}.min.css", f"lang/{base}.en.min.js", f"{base}.services.min.js")
    tarte = f'<script src="/{base}.min.js"></script><script>'
    tarte += f"tarteaucitronForceLanguage = 'en'; tarteaucitron.init({json.dumps(TARTEAUCITRON)});"
    tarte += "(tarteaucitron.job = []).push('youtube')</script>"
    css, js = "dist/cookieconsent.css", "dist/cookieconsent.umd.js"
    vanilla = STYLE.format(css) + LOAD.format(js)
    vanilla += _when_loaded(f"CookieConsent.run({json.dumps(VANILLA)})")
    klaro = f"<script>var klaroConfig = {json.dumps(KLARO)}</script>" + LOAD.format("dist/klaro.js")
    css_o, js_o = "dist/orejime-standard.css", "dist/orejime-standard-en.js"
    orejime = f"<script>var orejimeConfig = {json.dumps(OREJIME)}</script>"
    orejime += STYLE.format(css_o) + LOAD.format(js_o)
    css_c, js_c = "build/cookieconsent.min.css", "build/cookieconsent.min.js"
    osano = STYLE.format(css_c) + LOAD.format(js_c)
    osano += _when_loaded(f"cookieconsent.initialise({json.dumps(OSANO)})")
    notices = (
        _notice(folder, "vanilla-cookieconsent", vanilla, "#cc-main .cm", css, js),
        _notice(folder, "klaro", klaro, ".klaro .cookie-notice", "dist/klaro.js"),
        _notice(folder, "orejime", orejime, ".orejime-Banner", css_o, js_o),
        _notice(folder, "tarteaucitronjs", tarte, f"#{base}AlertBig", f"{base}.min.js", *languages),
        _notice(folder, "cookieconsent", osano, ".cc-window", css_c, js_c),
        _mozilla(folder),
        _c15t(folder),
    )
    return dict(pair for pair in notices if pair)


def _when_loaded(statement: str) -> str:
    return f"<script>addEventListener('DOMContentLoaded', () => {{{statement}}})</script>"


def _label(folder: Path, name: str) -> str | None:
    package = folder / "node_modules" / name / "package.json"
    if not package.is_file():
        return None
    return f"{name} {json.loads(package.read_text('utf-8'))['version']}"


def _notice(
    folder: Path, name: str, head: str, seen: str, *paths: str
) -> tuple[str, Notice] | None:
    label = _label(folder, name)
    if label is None:
        return None
    files = {f"/{path}": (folder / "node_modules" / name / path).read_bytes() for path in paths}
    return label, Notice(page(head), files, seen)


def _mozilla(folder: Path) -> tuple[str, Notice] | None:
    label = _label(folder, "@mozmeao/consent-banner")
    if label is None or _label(folder, "@mozmeao/cookie-helper") is None:
        return None
    modules = folder / "node_modules/@mozmeao"
    files = {
        "/helper.js": (modules / "cookie-helper/index.js").read_bytes(),
        "/banner.js": (modules / "consent-banner/index.js").read_bytes(),
        "/banner.css": (modules / "consent-banner/styles.css").read_bytes(),
    }
    head = STYLE.format("banner.css") + LOAD.format("helper.js") + LOAD.format("banner.js")
    html = page(head + _when_loaded(MOZILLA), MOZILLA_BANNER)
    return label, Notice(html, files, "#moz-consent-banner")


def _c15t(folder: Path) -> tuple[str, Notice] | None:
    """Bundled with React and its styles, as the site's own bundler would."""
    label = _label(folder, "@c15t/react")
    if label is None:
        return None
    entry, out = folder / "c15t.entry.mjs", folder / "c15t"
    entry.write_text(C15T, "utf-8")
    command = [
        str(ROOT / "node_modules/.bin/esbuild"),
        str(entry),
        "--bundle",
        "--minify",
        "--format=iife",
    ]
    command += ['--define:process.env.NODE_ENV="production"', f"--outfile={out / 'c15t.js'}"]
    subprocess.run([*command, "--log-level=error"], check=True)
    files = {f"/{name}": (out / name).read_bytes() for name in ("c15t.js", "c15t.css")}
    html = page(STYLE.format("c15t.css") + LOAD.format("c15t.js"), '<div id="root"></div>')
    return label, Notice(html, files, "[data-testid=consent-banner-root]")
