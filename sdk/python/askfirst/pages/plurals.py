"""Which form of a counted thing a whole number asks for: as `Intl.PluralRules` says."""

from __future__ import annotations

from collections.abc import Callable

Rule = Callable[[int], str]


def _one(n: int) -> str:
    return "one" if n == 1 else "other"


def _one_or_none(n: int) -> str:
    return "one" if n < 2 else "other"


def _romance(one: Rule) -> Rule:
    # Of whole millions, as in "1 000 000 de jours".
    return lambda n: "many" if n and n % 1_000_000 == 0 else one(n)


def _other(n: int) -> str:
    return "other"


def _czech(n: int) -> str:
    return "one" if n == 1 else "few" if 2 <= n <= 4 else "other"


def _few(n: int) -> bool:
    return 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14


def _polish(n: int) -> str:
    return "one" if n == 1 else "few" if _few(n) else "many"


def _ukrainian(n: int) -> str:
    return "one" if n % 10 == 1 and n % 100 != 11 else "few" if _few(n) else "many"


def _croatian(n: int) -> str:
    return "one" if n % 10 == 1 and n % 100 != 11 else "few" if _few(n) else "other"


def _slovenian(n: int) -> str:
    return {1: "one", 2: "two", 3: "few", 4: "few"}.get(n % 100, "other")


def _romanian(n: int) -> str:
    return "one" if n == 1 else "few" if n == 0 or 1 <= n % 100 <= 19 else "other"


def _lithuanian(n: int) -> str:
    if 11 <= n % 100 <= 19 or n % 10 == 0:
        return "other"
    return "one" if n % 10 == 1 else "few"


def _latvian(n: int) -> str:
    if n % 10 == 0 or 11 <= n % 100 <= 19:
        return "zero"
    return "one" if n % 10 == 1 else "other"


def _irish(n: int) -> str:
    if n < 3:
        return ("other", "one", "two")[n]
    return "few" if n < 7 else "many" if n < 11 else "other"


def _maltese(n: int) -> str:
    if n in (1, 2):
        return ("one", "two")[n - 1]
    if n == 0 or 3 <= n % 100 <= 10:
        return "few"
    return "many" if 11 <= n % 100 <= 19 else "other"


def _arabic(n: int) -> str:
    if n < 3:
        return ("zero", "one", "two")[n]
    if 3 <= n % 100 <= 10:
        return "few"
    return "many" if n % 100 >= 11 else "other"


def _hebrew(n: int) -> str:
    return "one" if n == 1 else "two" if n == 2 else "other"


_RULES: dict[str, Rule] = {
    "ar": _arabic,
    "cs": _czech,
    "es": _romance(_one),
    "fr": _romance(_one_or_none),
    "ga": _irish,
    "he": _hebrew,
    "hi": _one_or_none,
    "hr": _croatian,
    "id": _other,
    "it": _romance(_one),
    "ja": _other,
    "ko": _other,
    "lt": _lithuanian,
    "lv": _latvian,
    "mt": _maltese,
    "pl": _polish,
    "pt": _romance(_one_or_none),
    "ro": _romanian,
    "sk": _czech,
    "sl": _slovenian,
    "uk": _ukrainian,
    "zh": _other,
}


def plural(lang: str, n: int) -> str:
    """The plural category (CLDR) of a whole number: zero, one, two, few, many or other."""
    return _RULES.get(lang.partition("-")[0], _one)(n)
