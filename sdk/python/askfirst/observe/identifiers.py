"""Identifiers in paths: what names one thing or one person is replaced by `:id`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

ID = ":id"
LONGEST = 200  # characters of a segment that can still be words

# Nearly every segment there is: short lower-case words.
_PLAIN = re.compile(r"[a-z]{1,15}(?:[-_.][a-z]{1,15})*")
_SEPARATORS = re.compile(r"([-_.,~+ ]+)")
_UUID = re.compile(r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9_+-]+={0,2}")
_ENDING = re.compile(r"\.[a-z]{2,5}$")
_LONG_DIGITS = re.compile(r"[0-9]{4,}")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_LETTERS = re.compile(r"[A-Za-z]{16,}")
_HEX = re.compile(r"[0-9a-f]{6,}", re.IGNORECASE)
_AT = re.compile(r"@|[([{<]\s*at\s*[)\]}>]", re.IGNORECASE)
# "team-meeting@2.html" names no mailbox; "jane@2" may, and "jane.doe@2.html".
_NO_MAILBOX = re.compile(r"\w+(?:-\w+)+@[0-9]{1,2}\.html?")
_ADDRESS = re.compile(
    r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])"  # IPv4
    r"|(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}",  # IPv6
    re.IGNORECASE,
)
# The 200 pairs of letters that words most often hold, each first letter with those that follow it:
# counted over what Django says in 26 languages. Of their words of 16 letters and more, 1 in 100 has
# less than 60 % of them; of random letters, 99 in 100.
_FOLLOWING = (
    "aabcdgijklmnprstuvz baeiloru caehiot daeiou eabcdefgiklmnprstvxz faeio gaeioru haeiot"
    " iacdefgjklmnorstvz jaeo kaeilostu ladeilostu maeiopu nacdeginostuy obcdgiklmnoprstuv"
    " paeilor radeiklmorstu saceiklopstu taehiorstuy uaegiklmnprstu vaeio zaei"
)
_PAIRS = frozenset(group[0] + second for group in _FOLLOWING.split() for second in group[1:])
_OF_WORDS = 0.6
# How much more often two characters follow each other so in words than in random base64, as natural
# logarithms: by whether words often hold the pair and whether the case changes within it; where one
# is a digit, by whether the other is none. Counted over 70,000 names of files, titles, identifiers.
_ODDS = {(True, False): 1.6, (True, True): -0.5, (False, False): -1.0, (False, True): -1.4}
_ODDS_OF_DIGITS = {False: -0.5, True: -3.3}
_RATHER_WORDS = 2.0  # of the sum; below it, it is a token
# "python3", "IPv4", "flashback2010": a number or year at the end of a word tells nothing.
_NUMBER_AT_END = re.compile(r"(?<=[A-Za-z])(?:[0-9]{1,3}|(?:19|20)[0-9]{2})$")
_SHORT_NUMBER = re.compile(r"[0-9]{1,3}")
# A date of this century: one of before may be somebody's birthday.
_CENTURY, _MONTH, _DAY = "20[0-9]{2}", "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
# "2026-01-17", "2026-01-17-spring-tides": beside a date a title has a word, a number has none.
_DATED = re.compile(rf"({_CENTURY}-{_MONTH}-{_DAY})(?:-(.*(?<![\w.])[^\W\d_]{{2}}.*))?")
# "grok-20070915.html", "grok-1.20101030.html": the file of a page, by words, a version, its day.
# Without that ending it may as well be an order's number: "order-20070915".
_DATED_FILE = re.compile(
    rf"([A-Za-z]{{3,}}(?:[-_][A-Za-z]+)*)[-_](?:[0-9]{{1,2}}\.)?(20[0-3][0-9]){_MONTH}{_DAY}\.html?"
)
# Of an archive by days: "/2026/09/24", "/2026/Sep/24".
_MONTHS = re.compile(
    rf"{_MONTH}|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t|tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?",
    re.IGNORECASE,
)
_DAYS = re.compile(_DAY)
_UNSPACED = re.compile(r"[^\W\d_\x00-\x7f]{41,}")


def template(segment: str) -> str:
    """One segment of a path, percent-decoded, with its identifiers replaced.

    Whole segments: integers but years, UUIDs, ULIDs, e-mail and network addresses, telephone and
    order numbers, dates, base64-like tokens, and anything unprintable or too long to be words.
    Within a segment, between separators: runs of four or more digits but years, hexadecimal with a
    digit in it, and tokens: "invoice-20260117" is "invoice-:id", "laptops-2026" stays.
    A date of this century is none at the start ("2026-01-17-spring-tides"), nor before ".html".
    """
    if not segment or (len(segment) <= LONGEST and _PLAIN.fullmatch(segment)):
        return segment
    if len(segment) > LONGEST or not segment.isprintable():
        return ID
    if _AT.search(segment) and not _NO_MAILBOX.fullmatch(segment):
        return ID
    if _ADDRESS.search(segment.replace(ID, "")):
        return ID
    if segment.isdigit() and not _YEAR.fullmatch(segment):
        return ID
    if dated := _DATED.fullmatch(segment):
        date, rest = dated.groups()
        return date if rest is None else f"{date}-{template(rest)}"
    if file := _DATED_FILE.fullmatch(segment):
        rest = "-".join(file.groups())  # what would be kept of it without month and day
        return segment if template(rest) == rest else ID
    parts = _SEPARATORS.split(segment)
    if _UUID.fullmatch(segment) or _is_number(parts):
        return ID
    parts = [part if index % 2 else _word(part) for index, part in enumerate(parts)]
    stem = _ENDING.sub("", segment)
    is_token = len(stem) >= 10 and _TOKEN.fullmatch(stem) and _is_base64(stem, parts[::2])
    # A word before an ending is no token: "xdo__cmd_8h_source.html".
    if is_token and (stem == segment or _changes(stem) > 2):
        return ID
    return "".join(parts)


def title(segment: str) -> str:
    """A segment that names a page, as the site's owner says: what is kept of it beside `template`.

    A number of up to three digits, and words of more than 40 letters in scripts that leave no
    spaces. Everything else is replaced as anywhere: no owner can declare an identifier to be none.
    """
    if _SHORT_NUMBER.fullmatch(segment):
        return segment
    parts = _SEPARATORS.split(segment)
    if len(segment) > LONGEST or not any(_UNSPACED.fullmatch(part) for part in parts):
        return template(segment)
    # The rest of it is judged as if the long words were not there.
    rest = template("".join("" if _UNSPACED.fullmatch(part) else part for part in parts))
    return ID if ID in rest else segment


def is_of_archive(segment: str, before: Sequence[str]) -> bool:
    """Whether it is a month below a year, or a day of this century below its month.

    `before` are the segments above it: "/2026/09" is an archive, "/orders/09" an order.
    """
    if _YEAR.fullmatch(before[-1] if before else ""):
        return _MONTHS.fullmatch(segment) is not None
    year, month = before[-2:] if len(before) > 1 else ("", "")
    is_below = re.fullmatch(_CENTURY, year) and _MONTHS.fullmatch(month)
    return bool(is_below) and _DAYS.fullmatch(segment) is not None


def _word(word: str) -> str:
    if len(word) > 40 or _is_token(word) or _is_noise(word):
        return ID
    return _LONG_DIGITS.sub(lambda run: run[0] if _is_year(run[0], word) else ID, word)


def _is_year(digits: str, word: str) -> bool:
    """A year of this century, or one that is a word: "flashback2010", not "johnsmith1985"."""
    return bool(_YEAR.fullmatch(digits)) and (digits == word or digits.startswith("20"))


def _is_number(parts: list[str]) -> bool:
    """Whether digits stand in groups, as in a telephone number, an order's, or a whole date.

    A year beside a month or another year is none of them, nor is a version ("1.24"); nor is what
    has fewer than five digits. `parts` are words, with separators between them.
    """
    run: list[str] = []
    between: list[str] = []
    for word, separator in zip([*parts[::2], ""], [*parts[1::2], "", ""], strict=True):
        if word.isdigit():
            run.append(word)
            between.append(separator)
            continue
        rest = [word for word in run if not _YEAR.fullmatch(word)]
        is_period = len(run) == 2 and len(rest) < 2 and all(len(number) <= 2 for number in rest)
        is_version = len(run) == 2 and between[0] == "."
        if len(run) > 1 and sum(map(len, run)) >= 5 and not (is_period or is_version):
            return True
        run, between = [], []
    return False


def _is_token(word: str) -> bool:
    """Letters and digits as no word has them: hexadecimal, ULIDs, short ids of any alphabet."""
    digits = sum(character.isdigit() for character in word)
    if not digits or digits == len(word):
        return False
    return bool(_HEX.fullmatch(word)) or (len(word) >= 8 and _changes(word) >= 3)


def _is_noise(word: str) -> bool:
    """A long row of letters that follow each other as in no word."""
    if not _LETTERS.fullmatch(word):
        return False
    pairs = [first + second for first, second in pairwise(word.lower())]
    return sum(pair in _PAIRS for pair in pairs) < _OF_WORDS * len(pairs)


def _is_base64(segment: str, words: Sequence[str]) -> bool:
    """A long token, which may hold separators itself: by how likely the characters of its words,
    identifiers in them replaced, follow each other so in words, against random ones (naive Bayes).
    Where no case changes within a word, and nothing is replaced, it is none."""
    if segment.endswith("="):
        return True
    rest = [_NUMBER_AT_END.sub("", word.replace(ID, "")) for word in words]
    is_odd = any(map(_changes, rest)) or any(ID in word for word in words)
    return is_odd and sum(map(_odds_of_words, rest)) < _RATHER_WORDS


def _odds_of_words(word: str) -> float:
    return sum(
        _ODDS_OF_DIGITS[_is_change(first, second)]
        if first.isdigit() or second.isdigit()
        else _ODDS[(first + second).lower() in _PAIRS, _is_change(first, second)]
        for first, second in pairwise(word)
    )


def _changes(text: str) -> int:
    """How often lower case, upper case and digits alternate; a capital at a start is no change."""
    return sum(_is_change(first, second) for first, second in pairwise(text))


def _is_change(first: str, second: str) -> bool:
    before, after = _kind(first), _kind(second)
    return before != after and not (before == "upper" and after == "lower")


def _kind(character: str) -> str:
    return "digit" if character.isdigit() else "upper" if character.isupper() else "lower"
