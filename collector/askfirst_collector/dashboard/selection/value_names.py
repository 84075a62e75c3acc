"""What the parts of a value are called on a page: countries, languages, channels, hours."""

from __future__ import annotations

from askfirst.observe.value import NONE
from askfirst.terms.attributes import AUTOMATIC, OTHER, UNKNOWN, Value
from askfirst_collector.dashboard.selection.countries import country_name
from askfirst_collector.store.facts import INTERNAL

CHANNELS = {
    INTERNAL: "This site itself",
    "search": "Search",
    "social": "Social networks",
    "ai": "AI assistants",
    "mail": "Mail",
    "app": "Apps",
    "direct": "No referrer",
    "other": "Other sites",
}
SCREENS = {"phone": "Phone", "tablet": "Tablet", "desktop": "Desktop", "tv": "Television"}
# ISO 639-1, the languages browsers are most often set to.
LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech",
    "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French", "ga": "Irish",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian",
    "is": "Icelandic", "it": "Italian", "ja": "Japanese", "ka": "Georgian", "ko": "Korean",
    "lt": "Lithuanian", "lv": "Latvian", "ms": "Malay", "mt": "Maltese", "nb": "Norwegian Bokmål",
    "nl": "Dutch", "nn": "Norwegian Nynorsk", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian",
    "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "ta": "Tamil", "th": "Thai",
    "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
ANSWERS = {
    "granted": "Agreed",
    "changed": "Changed",
    "withdrawn": "Withdrawn",
    "refused": "Refused",
}
PAGES = {"one": "One page", "more": "More than one"}
COOKIES = {"enabled": "Cookies work", "disabled": "Cookies are off"}
# Actions that pages tell of by themselves, and how the value of their property reads.
ACTIONS = {
    "engaged": ("Looked at a page", "{} seconds"),
    "scrolled": ("Scrolled", "{} %"),
    "outbound": ("Went to another site", "{}"),
    "download": ("Downloaded a file", "{}"),
    "form_sent": ("Sent a form", "{}"),
    "not_found": ("Page not found", "{}"),
    "lcp": ("Page showed (LCP)", "{}"),
    "inp": ("Page answered (INP)", "{}"),
    "cls": ("Page jumped (CLS)", "{}"),
}
RATINGS = {"needs-improvement": "needs improvement"}
NO_PART = {
    "page": "Without listed parameters",
    "entry_page": "Without listed parameters",
    "referrer": "No referrer",
    "campaign": "None named",
    "action": "No details",
}


def label(table: str, path: Value) -> str:
    """The last part of a path, in words."""
    part = path[-1]
    if part == UNKNOWN:
        return "Unknown"
    if part == OTHER and not (table == "referrer" and len(path) == 1):
        return "Other"
    if part == NONE:
        return NO_PART.get(table, "None")
    if table == "consent" and len(path) == 2:
        return f"Edition {part}"
    if table.startswith("funnel "):
        kind, _, wanted = part.partition(":")
        return f"{'Page' if kind == 'page' else 'Action'} {wanted}"
    if table == "action" and path[0] in ACTIONS:
        return _action(path)
    if table == "referrer" and path[0] == INTERNAL:
        return CHANNELS[INTERNAL]
    known = _known(table, len(path))
    return known.get(part, country_name(part) if (table, len(path)) == ("ip", 1) else part)


def _action(path: Value) -> str:
    name, template = ACTIONS[path[0]]
    if len(path) == 1:
        return name
    prop, _, value = path[1].partition("=")
    # Where an owner added properties of their own, all are said as they are stored.
    is_alone = prop == AUTOMATIC[path[0]] and "&" not in value
    return template.format(RATINGS.get(value, value)) if is_alone else path[1]


def _known(table: str, depth: int) -> dict[str, str]:
    tables: dict[tuple[str, int], dict[str, str]] = {
        ("referrer", 1): CHANNELS,
        ("screen", 1): SCREENS,
        ("pages_seen", 1): PAGES,
        ("language", 1): LANGUAGES,
        ("cookies", 1): COOKIES,
        ("consent", 1): ANSWERS,
    }
    return tables.get((table, depth), {})
