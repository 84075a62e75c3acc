"""Whether the notice, as the site shows it, asks fairly and can be read and answered by anybody."""

from __future__ import annotations

from collections.abc import Iterator

from askfirst_collector.doctor.evidence import Evidence, plain
from askfirst_collector.doctor.finding import Finding

LEAST_CONTRAST = 4.5  # of text (WCAG 2.2, 1.4.3)
_STYLES = "Take the site's own styles off #askfirst-notice: a rule for every button, or an id"


def unlike_buttons(evidence: Evidence) -> Iterator[Finding]:
    """D026: one answer is larger, or painted otherwise, than the other (M12)."""
    for look in evidence.looks:
        if len(look.buttons) < 2:
            symptom = f"there is one button, {look.size}" if look.buttons else "there is no button"
            yield Finding("askfirst.D026", look.path, symptom, _STYLES)
            continue
        first, second = look.buttons[:2]
        parts = []
        if abs(first.width - second.width) > 1 or abs(first.height - second.height) > 1:
            sizes = (f"{plain(b.text)} is {b.width} × {b.height} px" for b in (first, second))
            parts.append(", ".join(sizes))
        if first.paint != second.paint:
            paints = (f"{plain(b.text)} is {' '.join(b.paint)}" for b in (first, second))
            parts.append(", ".join(paints))
        if parts:
            yield Finding("askfirst.D026", look.path, f"{look.size}: {'; '.join(parts)}", _STYLES)


def low_contrast(evidence: Evidence) -> Iterator[Finding]:
    """D027: text of the notice that many cannot read (M34)."""
    for look in evidence.looks:
        faint = [(text, ratio) for text, ratio in look.contrasts if ratio < LEAST_CONTRAST]
        if faint:
            text, ratio = min(faint, key=lambda pair: pair[1])
            symptom = f"{look.size}: “{plain(text)}” has {ratio:g}"
            more = f", and {len(faint) - 1} more texts less than 4.5" if faint[1:] else ""
            yield Finding("askfirst.D027", look.path, f"{symptom}{more}", _STYLES)


def covered(evidence: Evidence) -> Iterator[Finding]:
    """D028: something lies over an answer, or it is outside of the window."""
    for look in evidence.looks:
        for button in look.buttons:
            if button.cover is not None:
                yield Finding(
                    "askfirst.D028",
                    look.path,
                    f"{look.size}: over {plain(button.text)} lies {plain(button.cover)}",
                    "Give it a lower z-index than the notice's, or show it after an answer",
                )


def unreachable_by_keyboard(evidence: Evidence) -> Iterator[Finding]:
    """D029: Tab never leads to an answer (M34)."""
    for look in evidence.looks:
        for at, button in enumerate(look.buttons):
            if look.reached is not None and at not in look.reached:
                yield Finding(
                    "askfirst.D029",
                    look.path,
                    f"Tab does not lead to {plain(button.text)}",
                    "Look for a script that keeps focus elsewhere, or makes the rest of the page "
                    "inert",
                )


def missing_words(evidence: Evidence) -> Iterator[Finding]:
    """D030: what the law wants said is not seen: who asks, for what, where more stands (M15)."""
    if evidence.policy is None:
        return
    policy = evidence.policy
    for look in evidence.looks:
        missing = []
        if policy.controller.name not in look.words:
            missing.append(f"who asks ({policy.controller.name})")
        for name in policy.asked:
            purpose = policy.purposes[name]
            titles = {purpose.text_in(language)[1].title for language in policy.languages}
            if not any(title in look.words for title in titles):
                missing.append(f"the purpose {name}")
        for link, what in (("policy", "the policy"), ("choices", "the choices")):
            if link not in look.links:
                missing.append(f"the link to {what}")
        if missing:
            symptom = f"{look.size}: not seen: {', '.join(map(plain, missing))}"
            yield Finding("askfirst.D030", look.path, symptom, _STYLES)
