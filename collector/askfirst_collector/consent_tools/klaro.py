"""Klaro!, its `config.js`: `klaroConfig = { services: […], translations: {…} }`.

Source: https://klaro.org/docs/integration/annotated-configuration
"""

from __future__ import annotations

from askfirst_collector.consent_tools.configuration import (
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
    UnreadableConfiguration,
    Value,
    tables_of,
)

_LOOK = "how it looks: docs/notice.md says what data-askfirst-notice has for it"
_COOKIE = "the state cookie is askfirst's own (__Host-, without any id)"
_CODE = "code of yours: AskFirst.onChange of manage.js takes it"
_KNOWN = {
    **dict.fromkeys(("elementID", "styling", "htmlTexts", "embedded", "noticeAsModal"), _LOOK),
    **dict.fromkeys(("hideToggleAll", "disablePoweredBy", "additionalClass"), _LOOK),
    **dict.fromkeys(("storageMethod", "cookieName", "cookieDomain", "storageName"), _COOKIE),
    **dict.fromkeys(("cookieExpiresAfterDays", "cookiePath"), _COOKIE),
    "version": "of Klaro's own format",
    "testing": "a policy is tried before it is published: askfirst policy check",
    "noAutoLoad": "the notice comes by itself; AskFirst.show() of manage.js shows it again",
    "groupByPurpose": "it is asked by purpose, always",
    "default": "a switch is off until it is turned on: nothing is ticked beforehand",
    "mustConsent": "nobody is kept from the page by a question",
    "acceptAll": "both answers are there, side by side, always",
    "hideDeclineAll": "both answers are there, side by side, always",
    "hideLearnMore": "the choices are one step away, always",
    "showNoticeTitle": _LOOK,
    "showDescriptionEmptyStore": "nothing is asked that is not described",
    "lang": "the language is the page's, always",
    "callback": _CODE,
}
_SERVICE = {
    "title": "the purpose has the switch, and its title",
    "description": "the purpose has the switch, and its words",
    "translations": "the purpose has the switch, and its words",
    "default": _KNOWN["default"],
    "optOut": "what is not agreed to does not run: there is no opt-out",
    "contextualConsentOnly": "an embed has its own button, always",
    "onlyOnce": "a script runs once a page, always",
    **dict.fromkeys(("callback", "onInit", "onAccept", "onDecline", "vars"), _CODE),
}


def read_klaro(source: bytes) -> Configuration:
    """The configuration in a script; raises UnreadableConfiguration."""
    root = next((t for t in tables_of(source) if _services(t)), None)
    if root is None:
        raise UnreadableConfiguration(
            "there is no klaroConfig = { services: [ … ] } with its services written out"
        )
    notes = Notes()
    notes.rest(root, ("services", "apps", "translations"), _KNOWN)
    translations = {
        language: value
        for language, value in root.get("translations").table().items()
        if LANGUAGE.fullmatch(language) and language != "zz"
    }
    for language, value in root.get("translations").table().items():
        notes.rest(value, ("purposes",), dict.fromkeys(value.table(), "the notice has own words"))
        if language not in translations and language != "zz":
            notes.add(value.line, f"translations.{language}", "is no language of a notice")
    languages = tuple(translations) or ("en",)
    fallback = root.get("translations").get("zz")
    names = PurposeNames()
    purposes: dict[str, Asked] = {}
    necessary: list[Necessary] = []
    for service in _services(root):
        name = service.get("name").text()
        read = ("name", "purposes", "cookies", "required")
        notes.rest(service, read, _SERVICE)
        cookies = {
            glob: cookie.line
            for entry in service.get("cookies").list()
            for cookie in [_cookie(entry)]
            for glob in globs_of(cookie, notes)
        }
        if service.get("required").data is True:
            necessary.extend(Necessary(glob, line) for glob, line in cookies.items())
            continue
        words = [word.text() for word in service.get("purposes").list() if word.text()]
        word = words[0] if words else name
        if not word:
            notes.add(service.line, "services", "a service without a name is left out")
            continue
        if len(words) > 1:
            says = f"is for {', '.join(words)}: it waits for {word} here"
            notes.add(service.get("purposes").line, name, says)
        purpose = names.of(word)
        notes.add(
            service.get("name").line,
            name,
            f'write data-purpose="{purpose}" where a page has data-name="{name}": '
            "one switch for each purpose, none for each service",
        )
        text = {
            language: _words(word, translations.get(language, fallback), fallback)
            for language in languages
        }
        before = purposes.get(purpose, Asked(purpose, service.line, text))
        label = service.get("title").text()
        receivers = receivers_of([Service(name, service.line, label)], notes, in_pages=False)
        purposes[purpose] = Asked(
            purpose,
            before.line,
            text,
            tuple(dict.fromkeys([*before.cookies, *cookies])),
            (*before.receivers, *receivers),
        )
    return Configuration(languages, tuple(purposes.values()), tuple(necessary), notes.all())


def _services(root: Value) -> tuple[Value, ...]:
    return root.get("services").list() or root.get("apps").list()


def _cookie(entry: Value) -> Value:
    """A cookie is a name or an expression, alone, as the first of a list, or as its `pattern`."""
    if entry.list():
        return entry.list()[0]
    return entry.get("pattern") if entry.table() else entry


def _words(purpose: str, translation: Value, fallback: Value) -> Text:
    for value in (translation, fallback):
        words = value.get("purposes").get(purpose)
        title = words.text() or words.get("title").text()
        if title:
            return Text(plain(title), plain(words.get("description").text()))
    return Text("", "")
