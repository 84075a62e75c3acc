"""One static page for each notice: what it asks for, and when it is there."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from askfirst.endpoints.policy import policy_json
from askfirst.pages.assets import FOLDER
from askfirst.pages.forms import STYLES
from askfirst.pages.notice import notice_html
from askfirst.pages.words import words_in
from askfirst.terms.consent import Consent, Signals
from askfirst.terms.edition import Edition, Editions
from askfirst.terms.policy import read_policy, shipped

WORDS = {
    "title": "May we use data about your visit?",
    "description": "We ask for your consent to each purpose. Nothing is gathered before.",
}
PURPOSES = ("Marketing", "Preferences", "Statistics")
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
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


@dataclass(frozen=True)
class Notice:
    """A page at `/`, the files that it may ask for by path, and the element that shows it."""

    html: str
    files: Mapping[str, bytes]
    seen: str


def _page(head: str, body: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tides</title>'
        f'<link rel="icon" href="data:,">{head}</head>'
        f"<body><h1>Tides</h1><p>Text.</p>{body}</body></html>"
    )


def ours() -> dict[str, Notice]:
    """By script, and as the server draws it."""
    policy = read_policy({**shipped("standard").document, "origins": ["http://localhost"]})
    editions = Editions((Edition(1, policy.hash, int(time.time()), policy),))
    words = words_in("en")
    built = [path for path in FOLDER.rglob("*") if path.suffix in TYPES]
    files = {f"/askfirst/static/{path.relative_to(FOLDER)}": path.read_bytes() for path in built}
    files["/askfirst/policy"] = policy_json(editions, words)
    line = '<script src="/askfirst/static/askfirst.js" defer></script>'
    drawn = notice_html(Consent("example", None, editions, Signals()), path="/", words=words)
    # The gate says it in a header (`Link`), so that the styles come with the script.
    early = f'<link rel="preload" as="style" href="{STYLES}">'
    return {
        "askfirst, by script": Notice(_page(line), files, "#askfirst-notice"),
        "askfirst, by server": Notice(_page(early + line, drawn), files, "#askfirst-notice"),
    }


def peers(folder: Path) -> dict[str, Notice]:
    """Those of npm that are installed below this folder, each by its own instructions."""

    def notice(name: str, head: str, seen: str, *paths: str) -> tuple[str, Notice] | None:
        package = folder / "node_modules" / name
        if not package.is_dir():
            return None
        version = json.loads((package / "package.json").read_text("utf-8"))["version"]
        files = {f"/{path}": (package / path).read_bytes() for path in paths}
        return f"{name} {version}", Notice(_page(head), files, seen)

    style, load = '<link rel="stylesheet" href="/{}">', '<script src="/{}" defer></script>'
    run = "<script>addEventListener('DOMContentLoaded', () => {})</script>"
    css, js = "dist/cookieconsent.css", "dist/cookieconsent.umd.js"
    vanilla = style.format(css) + load.format(js)
    vanilla += run.replace("{}", f"CookieConsent.run({json.dumps(VANILLA)})")
    klaro = f"<script>var klaroConfig = {json.dumps(KLARO)}</script>" + load.format("dist/klaro.js")
    css_o, js_o = "dist/orejime-standard.css", "dist/orejime-standard-en.js"
    orejime = f"<script>var orejimeConfig = {json.dumps(OREJIME)}</script>"
    orejime += style.format(css_o) + load.format(js_o)
    base = "tarteaucitron"
    rest = (f"css/{base}.min.css", f"lang/{base}.en.min.js", f"{base}.services.min.js")
    tarte = f'<script src="/{base}.min.js"></script><script>'
    tarte += f"tarteaucitronForceLanguage = 'en'; tarteaucitron.init({json.dumps(TARTEAUCITRON)});"
    tarte += "(tarteaucitron.job = []).push('youtube')</script>"
    found = (
        notice("vanilla-cookieconsent", vanilla, "#cc-main .cm", css, js),
        notice("klaro", klaro, ".klaro .cookie-notice", "dist/klaro.js"),
        notice("orejime", orejime, ".orejime-Banner", css_o, js_o),
        notice("tarteaucitronjs", tarte, f"#{base}AlertBig", f"{base}.min.js", *rest),
    )
    return dict(pair for pair in found if pair)
