"""Whether a shared cache may hand one visitor's page to another."""

from __future__ import annotations

from collections.abc import Iterator

from askfirst.http.caching import VARY_ON
from askfirst_collector.doctor.evidence import Evidence, Page
from askfirst_collector.doctor.finding import Finding
from askfirst_collector.doctor.markup import read_markup
from askfirst_collector.doctor.visitor import Answer

_PRIVATE = {b"private", b"no-store"}
_SHARED = (b"public", b"s-maxage", b"max-age")


def one_visitors_page_for_all(evidence: Evidence) -> Iterator[Finding]:
    """D012: a page that hangs on consent, and does not say so (M39; RFC 9111)."""
    for page in evidence.pages:
        answer = page.plain
        control = set(answer.listed(b"cache-control"))
        if answer.status != 200 or control & _PRIVATE:
            continue
        varies = answer.listed(b"vary")
        missing = [name.decode() for name in VARY_ON if name.lower() not in varies]
        if b"*" not in varies and missing and hangs_on_consent(page):
            symptom = f"it hangs on the visitor's answer, and does not vary on {', '.join(missing)}"
        elif answer.all(b"set-cookie") and any(
            directive.startswith(_SHARED) for directive in control
        ):
            symptom = "it sets a cookie, and shared caches may keep it"
        else:
            continue
        yield Finding(
            "askfirst.D012",
            page.path,
            symptom,
            "Leave the gate's Vary: Cookie, Sec-GPC, DNT, ADPC as it is, or send Cache-Control: "
            "private; a proxy or CDN that takes Vary out must not keep this page",
        )


def hangs_on_consent(page: Page) -> bool:
    """Whether those who send a signal get another page than somebody new."""
    if any(_asks(page.plain) != _asks(other) for other in page.signals):
        return True
    # A page that differs each time, by a nonce or a clock, cannot be compared whole.
    same = page.plain.body == page.again.body
    return same and any(other.body != page.plain.body for other in page.signals)


def _asks(answer: Answer) -> bool:
    if not answer.is_html:
        return False
    return read_markup(answer.body.decode("utf-8", "replace")).has_notice
