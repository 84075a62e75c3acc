"""`/askfirst/csp`: what a browser reports to the site itself, kept for a member who tests it.

What anybody else sends is thrown away unread: no purpose's terms speak of such reports. Of a
member's own is kept which directive stopped which host: no path, no agent, no time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from askfirst.errors import Refused
from askfirst.http.request import Answer, Request, only_by
from askfirst.log_fault import log

MOST = 256  # pairs that are told
_DIRECTIVE = re.compile(r"[a-z][a-z-]{1,39}")
_WORD = re.compile(r"[a-z][a-z-]{1,29}")  # `inline`, `eval`, a scheme
_HOST = re.compile(r"[a-z0-9.-]{1,253}")


class CspReports:
    """Tells each pair of directive and host once, in the log of this process."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    async def take(self, request: Request, *, testing: bool) -> Answer:
        """Answer one report; its body is read only from a member who tests."""
        only_by(request, "POST")
        if testing:
            # What cannot be read is nothing to tell of.
            with suppress(Refused, ValueError, RecursionError):
                self._tell(await request.body())
        return Answer(204)

    def _tell(self, body: bytes) -> None:
        for pair in blocked(json.loads(body)):
            if pair not in self._told and len(self._told) < MOST:
                self._told.add(pair)
                log.warning("askfirst.W040 the page's policy stopped %s from %s", *pair)


def blocked(reported: Any) -> Iterator[tuple[str, str]]:
    """Directive and host of each violation, in either format (CSP Level 3 section 5.3)."""
    for report in reported if isinstance(reported, list) else [reported]:
        if not isinstance(report, dict):
            continue
        body = report.get("body", report.get("csp-report"))
        if isinstance(body, dict):
            directive = body.get("effectiveDirective") or body.get("effective-directive")
            directive = str(directive or body.get("violated-directive") or "").partition(" ")[0]
            if _DIRECTIVE.fullmatch(directive):
                yield (
                    directive,
                    _where(str(body.get("blockedURL") or body.get("blocked-uri") or "")),
                )


def _where(blocked: str) -> str:
    if _WORD.fullmatch(blocked):
        return blocked
    try:
        host = urlsplit(blocked).hostname or ""
    except ValueError:
        host = ""
    return host if _HOST.fullmatch(host) else "-"
