"""vanilla-cookieconsent by Orest Bida, version 3: `CookieConsent.run({…})`.

Source: https://cookieconsent.orestbida.com/reference/configuration-reference.html
"""

from __future__ import annotations

from askfirst_collector.consent_tools.configuration import (
    BY_HAND,
    LANGUAGE,
    Asked,
    Configuration,
    Necessary,
    Notes,
    PurposeNames,
    Service,
    Text,
    globs_of,
    plain,
    receivers_of,
)
from askfirst_collector.consent_tools.script_values import (
    Code,
    UnreadableConfiguration,
    Value,
    tables_of,
)

_LOOK = "how it looks: docs/notice.md says what data-askfirst-notice has for it"
_LISTENER = "code of yours: AskFirst.{} of manage.js takes it"
_KNOWN = {
    "root": _LOOK,
    "autoShow": "the notice comes by itself; AskFirst.show() of manage.js shows it again",
    "guiOptions": _LOOK,
    "disablePageInteraction": "nobody is kept from the page by a question",
    "hideFromBots": "nothing is set for a bot: none answers",
    "lazyHtmlGeneration": "the choices are loaded when they are opened, always",
    "manageScriptTags": "scripts with type text/plain and data-category wait, always",
    "autoClearCookies": "what a purpose lists is cleared when it ends, always",
    "revision": "askfirst counts its own editions, and asks again where one asks for more",
    "cookie": "the state cookie is askfirst's own (__Host-, without any id)",
    "mode": "what is not agreed to does not run: there is no opt-out",
    "onFirstConsent": _LISTENER.format("onFirstConsent"),
    "onConsent": _LISTENER.format("onConsent"),
    "onChange": _LISTENER.format("onChange"),
    **dict.fromkeys(("onModalShow", "onModalHide", "onModalReady"), "has no listener here"),
}
_CATEGORY = {
    "enabled": "a switch is off until it is turned on: nothing is ticked beforehand",
    "reloadPage": "a page is not loaded anew; what ended is not run on the next",
}
_SERVICE = {
    "onAccept": "code of yours: AskFirst.onConsent of manage.js takes it",
    "onReject": "code of yours: AskFirst.onChange of manage.js takes it",
}


def read_orestbida(source: bytes) -> Configuration:
    """The configuration in a script; raises UnreadableConfiguration."""
    root = next((t for t in tables_of(source) if t.get("categories").table()), None)
    if root is None:
        raise UnreadableConfiguration(
            "there is no CookieConsent.run({ categories: { … } }) with its categories written out"
        )
    notes = Notes()
    notes.rest(root, ("categories", "language"), _KNOWN)
    translations = _translations(root.get("language"), notes)
    names = PurposeNames()
    purposes: list[Asked] = []
    necessary: list[Necessary] = []
    for name, category in root.get("categories").table().items():
        if isinstance(category.data, Code):
            notes.add(category.line, name, BY_HAND)
            continue
        cookies, services = _contents(category, notes)
        if category.get("readOnly").data is True:
            necessary.extend(Necessary(glob, line) for glob, line in cookies.items())
            for service in services:
                says = f"belongs to {name}, which is not asked about"
                notes.add(service.line, service.name, says)
            continue
        if category.get("enabled").data is True:
            notes.add(category.get("enabled").line, f"{name}.enabled", _CATEGORY["enabled"])
        purpose = names.of(name)
        if purpose != name:
            notes.add(category.line, name, f'write data-category="{purpose}" where pages have it')
        text = {language: _words(name, value, notes) for language, value in translations.items()}
        receivers = receivers_of(services, notes, in_pages=True)
        purposes.append(Asked(purpose, category.line, text, tuple(cookies), receivers))
    return Configuration(tuple(translations), tuple(purposes), tuple(necessary), notes.all())


def _contents(category: Value, notes: Notes) -> tuple[dict[str, int], list[Service]]:
    """Its cookies, each with its line, and its services."""
    notes.rest(category, ("enabled", "readOnly", "autoClear", "services"), _CATEGORY)
    clear = category.get("autoClear")
    notes.rest(clear, ("cookies",), _CATEGORY)
    entries = [*clear.get("cookies").list()]
    services = []
    for name, service in category.get("services").table().items():
        services.append(Service(name, service.line, service.get("label").text()))
        notes.rest(service, ("label", "cookies"), _SERVICE)
        entries.extend(service.get("cookies").list())
    globs = {glob: entry.line for entry in entries for glob in globs_of(entry.get("name"), notes)}
    return globs, services


def _translations(language: Value, notes: Notes) -> dict[str, Value]:
    """The languages that are written out, the default one first."""
    notes.rest(
        language,
        ("default", "translations"),
        {"autoDetect": "the language is the page's, always", "rtl": "by the language, always"},
    )
    translations = {}
    for name, value in language.get("translations").table().items():
        if not LANGUAGE.fullmatch(name) or not value.table():
            says = "is not written out here: put its words into this file, or write them by hand"
            notes.add(value.line, f"translations.{name}", says)
            continue
        translations[name] = value
        says = "the notice has words of its own in each language; those of the purposes carry over"
        notes.add(value.get("consentModal").line, f"translations.{name}.consentModal", says)
    default = language.get("default").text()
    return dict(sorted(translations.items(), key=lambda item: item[0] != default))


def _words(category: str, translation: Value, notes: Notes) -> Text:
    for section in translation.get("preferencesModal").get("sections").list():
        if section.get("linkedCategory").text() == category:
            notes.rest(
                section,
                ("title", "description", "linkedCategory"),
                {"cookieTable": "cookies are said by name; a table of them is on no page"},
            )
            title, description = section.get("title").text(), section.get("description").text()
            return Text(plain(title), plain(description))
    return Text("", "")
