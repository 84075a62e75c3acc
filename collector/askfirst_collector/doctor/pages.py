"""What every page and every site must show: the notice, gpc.json, and no questions of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from askfirst_collector.doctor.evidence import GPC, Evidence, plain
from askfirst_collector.doctor.finding import Finding
from askfirst_collector.doctor.visitor import Answer

_HINTS = (b"accept-ch", b"critical-ch")


def no_notice(evidence: Evidence) -> Iterator[Finding]:
    """D017: a page on which nobody is asked, and nobody can withdraw (M11, M15)."""
    policy = evidence.policy
    if policy is None or policy.for_children or not policy.asked or not evidence.gated:
        return
    for page in evidence.pages:
        if not page.plain.is_html:
            continue
        if evidence.browser is not None and page.path in evidence.browser.without_notice:
            symptom = "a browser shows no notice"
        elif evidence.browser is None and not (page.markup.has_notice or page.markup.has_script):
            symptom = "its HTML has neither the notice nor the script"
        else:
            continue
        yield Finding(
            "askfirst.D017",
            page.path,
            symptom,
            'Write <script src="/askfirst/static/askfirst.js" defer></script> into its head, '
            "askfirst_notice(request) at the end of its body; a Content-Security-Policy must let "
            "the site's own scripts, styles and connections pass ('self')",
        )


def no_gpc(evidence: Evidence) -> Iterator[Finding]:
    """D018: whoever asks whether the signal is honoured gets no answer (M24)."""
    answer = evidence.own.get(GPC)
    if answer is None or not evidence.gated or evidence.away or _is_gpc(answer):
        return
    yield Finding(
        "askfirst.D018",
        GPC,
        f"it answers {answer.status}, and not as the gate does",
        f"Let whatever is before the gate hand on {quote(GPC)}",
    )


def asks_for_hints(evidence: Evidence) -> Iterator[Finding]:
    """D019: Accept-CH asks browsers to tell more than anybody agreed to (M26; RFC 8942)."""
    for page in evidence.pages:
        for name in _HINTS:
            for value in page.plain.all(name):
                symptom = f"the header {name.decode()}: {plain(value)}"
                yield _hint(page.path, symptom)
        for hint in page.markup.hints:
            yield _hint(page.path, f'<meta http-equiv="{plain(hint)}">')


def _hint(where: str, symptom: str) -> Finding:
    do = "Take it out; the gate takes out the header where it stands in front of what sets it"
    return Finding("askfirst.D019", where, symptom, do)


def _is_gpc(answer: Answer) -> bool:
    kinds = answer.all(b"content-type")
    if answer.status != 200 or not kinds or not kinds[0].startswith(b"application/json"):
        return False
    try:
        document = json.loads(answer.body)
        datetime.fromisoformat(document["lastUpdate"])
        return isinstance(document["gpc"], bool)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
