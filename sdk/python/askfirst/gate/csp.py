"""A Content-Security-Policy that lets a page reach only the recipients its visitor agreed to.

It leaves as a policy of its own beside those of the application: browsers enforce each of several
(CSP Level 3, section 4.1), so it can never loosen one; their nonces and hashes stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal, get_args

from askfirst.gate.csp_reports import without_reports
from askfirst.http.headers import Header, first, values
from askfirst.http.mount import mounted

from ..errors import WrongSetting
from ..terms.consent import Consent
from ..terms.policy import Policy
from ..terms.terms import Recipient

Mode = Literal["off", "report", "enforce"]
ENFORCED, REPORTED = b"content-security-policy", b"content-security-policy-report-only"
# Each directive, and what stands in for it where a policy leaves it out (sections 6.1, 6.8).
DIRECTIVES = {
    "script-src": ("script-src", "default-src"),
    "connect-src": ("connect-src", "default-src"),
    "img-src": ("img-src", "default-src"),
    "frame-src": ("frame-src", "child-src", "default-src"),
}
# Where code stands is for the application's own policy to say; this one is about who is reached.
_OWN = "'self' data: blob:"
_CODE = "'unsafe-inline' 'unsafe-eval'"
_TO_US = "/askfirst/csp"


class CspBuilder:
    """Which hosts a response's page may reach, by what its visitor agreed to."""

    def __init__(self, policy: Policy, *, mode: str) -> None:
        if mode not in get_args(Mode):
            raise WrongSetting("E023", "csp", mode, 'write "off", "report" or "enforce"')
        self.on = mode != "off"
        self._name = ENFORCED if mode == "enforce" else REPORTED
        unasked = [p.terms.recipients for p in policy.purposes.values() if not p.asked]
        self._always = frozenset(_hosts(r for recipients in unasked for r in recipients))
        declared = [p.terms.recipients for p in policy.purposes.values()]
        self._recipients = frozenset(_hosts(r for recipients in declared for r in recipients))
        by_consent = [p.terms.recipients for p in policy.purposes.values() if p.asked]
        # Without recipients that are asked about, the policy is the same for everyone.
        self.depends = any(_hosts(r for recipients in by_consent for r in recipients))
        self._ours = lru_cache(maxsize=256)(self._write)

    def concerns(self, request: Iterable[Header], response: list[Header]) -> bool:
        """Whether a response is a page, or tells the browser to go on using one."""
        kind = first(response, b"content-type")
        if kind is None:
            return first(request, b"sec-fetch-dest") in (b"document", b"iframe")
        return kind.partition(b";")[0].strip().lower() == b"text/html"

    def join(
        self, headers: list[Header], consent: Consent, *, testing: bool = False
    ) -> list[Header]:
        """The headers with our policy beside their own.

        Reports leave the browser for recipients that were agreed to alone; to the site itself,
        with those of our own policy, while a member is `testing` it.
        """
        hosts = consent.hosts
        agreed = self._always | hosts if hosts else self._always
        ours = self._ours(tuple(_texts(headers)), agreed)
        if testing:
            reports = f"; report-uri {mounted(_TO_US)}".encode("ascii")
            return [*headers, (self._name, ours + reports)]
        return [*without_reports(headers, hosts), (self._name, ours)]

    def _write(self, own: tuple[str, ...], agreed: frozenset[str]) -> bytes:
        read = [_read(text) for text in own]
        parts = [self._directive(name, read, agreed) for name in DIRECTIVES]
        return "; ".join(parts).encode("latin-1")

    def _directive(self, name: str, own: list[dict[str, str]], agreed: frozenset[str]) -> str:
        sources = {
            source
            for policy in own
            for source in _effective(policy, name).split()
            if "." in source
            and not source.startswith("'")
            and not self._allows_source(source, self._recipients - agreed)
        }
        sources |= {f"https://{host}" for host in agreed}
        if name == "connect-src":
            sources |= {f"wss://{host}" for host in agreed}
        code = [_CODE] if name == "script-src" else []
        return " ".join([name, _OWN, *code, *sorted(sources)])

    def _allows_source(self, source: str, refused: frozenset[str]) -> bool:
        host = _host_of(source)
        if host.startswith("*."):
            return any(refused_host.endswith(host[1:]) for refused_host in refused)
        return host in refused


def _hosts(recipients: Iterable[Recipient]) -> Iterator[str]:
    return (host for recipient in recipients for host in recipient.hosts)


def _host_of(source: str) -> str:
    return source.partition("://")[2].partition("/")[0].partition(":")[0].lower() or (
        source.partition("/")[0].partition(":")[0].lower()
    )


def _texts(headers: list[Header]) -> list[str]:
    lines = values(headers, ENFORCED)
    return [text.decode("latin-1") for value in lines for text in value.split(b",")]


def _read(text: str) -> dict[str, str]:
    directives: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.strip().partition(" ")
        directives.setdefault(name.lower(), value)  # the first counts (section 2.2.1)
    return directives


def _effective(policy: dict[str, str], name: str) -> str:
    for directive in DIRECTIVES[name]:
        if directive in policy:
            return policy[directive]
    return ""
