"""Every state of notice, choices and pages as a picture, drawn without a server.

`python -m tests.browser.looks FOLDER [NAME …]` takes them, to be looked at; with `--references`,
the few that `test_looks.py` compares with, small and grey, into their place.
"""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from askfirst.endpoints.policy import policy_json
from askfirst.pages.assets import FOLDER
from askfirst.pages.choices import choices_page
from askfirst.pages.notice import notice_html
from askfirst.pages.rights import rights_page
from askfirst.pages.words import words_in
from askfirst.terms.consent import Consent
from askfirst.terms.edition import Editions
from askfirst.terms.token import sign_state
from tests.browser.browsers import chromium_path
from tests.unit.gate.shown import before, document, editions, visitor
from tests.unit.gate.test_rights_page import kept

REFERENCES = Path(__file__).parent / "looks"
ORIGIN = "https://tides.example"
WIDE, PHONE, NARROW = (1280, 800), (390, 844), (320, 640)
SCALE = 2.5  # a reference is so many times smaller than what a visitor sees
STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; font: 17px/1.6 serif; background: light-dark(#f6f2ea, #10171a); }
main { max-width: 44rem; margin: 0 auto; padding: 1.5rem; }
"""
FRAME = (
    '<p><iframe data-purpose="marketing" data-src="https://www.youtube-nocookie.com/embed/x" '
    'title="Film" width="560"></iframe></p>'
)
TITLES = {  # of marketing, preferences, statistics
    "ar": ("التسويق", "التفضيلات", "الإحصاءات"),
    "he": ("שיווק", "העדפות", "סטטיסטיקה"),
    "hi": ("विपणन", "पसंद", "आँकड़े"),
    "ga": ("Margaíocht", "Roghanna", "Staitisticí"),
    "mt": ("Kummerċjalizzazzjoni", "Preferenzi", "Statistika"),
    "de": ("Werbung", "Einstellungen", "Statistik"),
}
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung"


# Those that a change would show in; the rest is looked at by people.
COMPARED = (
    "age-phone", "bar-forced", "bar-wide", "changed", "choices-phone", "dialog-phone",
    "dialog-wide", "embed-wide", "long-narrow", "many-wide", "phone-ar", "place-box-dark",
)  # fmt: skip
SMALL = """async ([data, scale]) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    const size = [Math.round(image.width / scale), Math.round(image.height / scale)];
    [canvas.width, canvas.height] = size;
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.filter = "grayscale(1)";
    context.drawImage(image, 0, 0, ...size);
    const pixels = context.getImageData(0, 0, ...size).data;
    const [, png] = canvas.toDataURL("image/png").split(",");
    return [png, [...pixels].filter((_, at) => at % 4 === 0), size[0]];
}"""


@dataclass(frozen=True)
class Look:
    """One picture: what is opened, and how."""

    name: str
    size: tuple[int, int] = WIDE
    lang: str = "en"
    place: str = ""  # data-askfirst-notice
    show: str = "notice"  # notice, opened, dialog, choices, rights, embed
    state: Mapping[str, int] = field(default_factory=dict)  # what was answered; {} is nobody
    policy: str = ""  # age, many, long, changed
    gpc: bool = False
    browser: Mapping[str, Any] = field(default_factory=dict)  # options of the context


DARK: Mapping[str, Any] = {"color_scheme": "dark"}
FORCED: Mapping[str, Any] = {"forced_colors": "active"}
ALL = {"marketing": 2, "preferences": 2, "statistics": 2}
SOME = {"marketing": 0, "preferences": 0, "statistics": 1}


def looks() -> Iterator[Look]:
    for name, size in (("wide", WIDE), ("phone", PHONE), ("narrow", NARROW)):
        yield Look(f"bar-{name}", size)
        yield Look(f"age-{name}", size, policy="age")
        yield Look(f"many-{name}", size, policy="many")
        yield Look(f"long-{name}", size, lang="de", policy="long")
        yield Look(f"opened-{name}", size, show="opened")
        yield Look(f"dialog-{name}", size, show="dialog", state=SOME)
        yield Look(f"embed-{name}", size, show="embed", state=SOME)
    for place in ("box", "dialog", "ink", "sand box"):
        yield Look(f"place-{place.replace(' ', '-')}", place=place)
        yield Look(f"place-{place.replace(' ', '-')}-dark", place=place, browser=DARK)
    for name, options in (("dark", DARK), ("forced", FORCED)):
        yield Look(f"bar-{name}", browser=options)
        yield Look(f"age-phone-{name}", PHONE, policy="age", browser=options)
        yield Look(f"dialog-{name}", show="dialog", state=SOME, browser=options)
        yield Look(f"embed-{name}", show="embed", state=SOME, browser=options)
    for lang in ("ar", "he", "hi", "ga", "mt"):
        yield Look(f"bar-{lang}", lang=lang)
        yield Look(f"phone-{lang}", PHONE, lang=lang, policy="age")
        yield Look(f"dialog-{lang}", PHONE, lang=lang, show="dialog", state=SOME)
    yield Look("box-ar", lang="ar", place="box")
    yield Look("changed", policy="changed", state=ALL)
    yield Look("changed-phone", PHONE, policy="changed", state=ALL)
    yield Look("gpc", gpc=True)
    yield Look("gpc-dialog", show="dialog", gpc=True)
    yield Look("dialog-many", show="dialog", policy="many")
    yield Look("dialog-age-phone", PHONE, show="dialog", policy="age")
    for name, size in (("wide", WIDE), ("phone", PHONE)):
        yield Look(f"choices-{name}", size, show="choices", state=SOME, policy="age")
        yield Look(f"rights-{name}", size, show="rights", state=SOME)


def known(look: Look) -> Editions:
    found = document(age=18 if look.policy == "age" else 0)
    purposes = found["purposes"]
    del purposes["safety"]
    found["languages"] = [look.lang]
    names = ("marketing", "preferences", "statistics")
    texts = [purposes[name]["text"]["en"] for name in names]
    titles = TITLES.get(look.lang) or [text["title"] for text in texts]
    for title, name, text in zip(titles, names, texts, strict=True):
        purposes[name]["text"] = {look.lang: {**text, "title": title}}
    if look.policy == "long":
        text = {"title": LONG, "description": f"{LONG}. {LONG}."}
        purposes["statistics"]["text"] = {"de": text}
        found["controller"]["name"] = LONG
    if look.policy == "many":
        for number in range(17):
            name = f"purpose{number + 4}"
            text = {"title": f"Purpose number {number + 4}", "description": "One of many."}
            purposes[name] = {**purposes["preferences"], "text": {"en": text}}
    return editions(*([before(found)] if look.policy == "changed" else []), found)


def open_look(browser: Browser, look: Look) -> tuple[BrowserContext, Page]:
    """The page of a look, as it is pictured; the caller closes the context."""
    width, height = look.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", **look.browser
    )
    of = known(look)
    edition = 1 if look.state else 0
    consent = visitor(of, edition, gpc=look.gpc, **look.state)
    if consent.state is not None:
        # A cookie that ends later than any answer would is none.
        ends = int(time.time()) + 100 * 86400
        token = sign_state(replace(consent.state, expires=ends), bytes(32))
        context.add_cookies([{"name": "__Host-askfirst", "value": token, "url": ORIGIN}])
    if look.gpc:
        context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', "
                                "{ value: true })")  # fmt: skip
    context.route("**/*", lambda route: answer(route, look, consent))
    page = context.new_page()
    page.goto(f"{ORIGIN}/")
    if look.show == "opened":
        page.locator("#askfirst-notice summary").first.click()
    if look.show == "dialog":
        page.locator("a[data-askfirst=choices]").last.click()
        page.locator("dialog[open]").wait_for()
    if look.show == "embed":
        page.locator(".askfirst-embed button").first.wait_for()
    return context, page


def answer(route: Route, look: Look, consent: Consent) -> None:
    """What the site would say, from memory."""
    path = urlsplit(route.request.url).path
    words = words_in(look.lang)
    if path == "/askfirst/policy":
        body: Any = policy_json(consent.editions, words)
        route.fulfill(body=body, content_type="application/json")
    elif path.startswith("/askfirst/static/"):
        route.fulfill(path=FOLDER / path.removeprefix("/askfirst/static/"))
    elif path != "/":
        route.fulfill(status=404)
    elif look.show == "choices":
        route.fulfill(body=choices_page(consent, words=words), content_type="text/html")
    elif look.show == "rights":
        body = rights_page(consent, kept(), words=words)
        route.fulfill(body=body, content_type="text/html")
    else:
        route.fulfill(body=shop(look, consent), content_type="text/html")


def shop(look: Look, consent: Consent) -> str:
    """A page of the site, with the notice as the server draws it, and the script where it acts."""
    words = words_in(look.lang)
    acts = look.show in ("dialog", "embed")
    script = '<script src="/askfirst/static/askfirst.js" defer></script>' if acts else ""
    text = "<p>Tides are read from the harbour wall, twice a day.</p>" * 4
    return (
        f'<!doctype html><html lang="{look.lang}" dir="{words.direction}" '
        f'data-askfirst-notice="{look.place}"><head><meta charset="utf-8"><title>Tides</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>{script}</head>'
        f"<body><main><h1>Tide tables</h1>{FRAME if look.show == 'embed' else ''}{text}</main>"
        f"{notice_html(consent, path='/', words=words)}</body></html>"
    )


def picture(browser: Browser, look: Look, *, style: str = "") -> bytes:
    """A look as a PNG; `style` is put on top."""
    context, page = open_look(browser, look)
    taken = page.screenshot(animations="disabled", style=style or None)
    context.close()
    return taken


def shrunk(browser: Browser, png: bytes, scale: float) -> tuple[bytes, list[int], int]:
    """The same, so many times smaller and grey: as a PNG, its values by row, and its width."""
    page = browser.new_page()
    data, values, width = page.evaluate(SMALL, [base64.b64encode(png).decode(), scale])
    page.close()
    return base64.b64decode(data), values, width


def main(arguments: list[str]) -> None:
    references = "--references" in arguments
    folder = REFERENCES if references else Path(arguments[0])
    names = COMPARED if references else arguments[1:]
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        for look in looks():
            if names and look.name not in names:
                continue
            taken = picture(browser, look)
            small = shrunk(browser, taken, SCALE)[0] if references else taken
            (folder / f"{look.name}.png").write_bytes(small)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
