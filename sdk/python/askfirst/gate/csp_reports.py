"""Which reports a browser may send of a page: to hosts its visitor agreed to, and nowhere else.

A report is telemetry: it tells of the page, and of what is installed beside the browser. Only an
agreement with its recipient covers it. `Report-To` and `NEL` outlive the page, and so a withdrawal:
they leave for nobody.
"""

from __future__ import annotations

import re

from askfirst.http.headers import Header, values

CSP = frozenset({b"content-security-policy", b"content-security-policy-report-only"})
_ENDPOINTS = b"reporting-endpoints"
_LASTING = frozenset({b"report-to", b"nel"})
_LENGTHS = frozenset(map(len, (*CSP, *_LASTING, _ENDPOINTS)))
# A dictionary of strings (RFC 8941 section 3.2); what else stands there names no endpoint.
_MEMBER = re.compile(r'([a-z*][a-z0-9_.*-]*)[ \t]*=[ \t]*"([!#-\[\]-~]*)"')
# Nothing in it that a browser could read as another host.
_ADDRESS = re.compile(r"https://([A-Za-z0-9.-]+)(?::[0-9]{1,5})?(?:[/?#][!-\[\]-~]*)?")


def without_reports(headers: list[Header], hosts: frozenset[str] = frozenset()) -> list[Header]:
    """The headers with those directives and endpoints only whose hosts are all among `hosts`."""
    if _LENGTHS.isdisjoint([len(name) for name, _ in headers]):
        return headers
    endpoints = _agreed_endpoints(headers, hosts)
    outgoing: list[Header] = []
    for header in headers:
        name, value = header[0].lower(), header[1]
        if name in _LASTING or name == _ENDPOINTS:
            continue
        if name in CSP and b"report-" in value.lower():
            policies = [_thinned(text, hosts, endpoints) for text in _text(value).split(",")]
            value = ", ".join(filter(None, policies)).encode("latin-1")
            if not value:
                continue
            header = header[0], value
        outgoing.append(header)
    if endpoints:
        listed = ", ".join(f'{name}="{address}"' for name, address in endpoints.items())
        outgoing.append((_ENDPOINTS, listed.encode("latin-1")))
    return outgoing


def _agreed_endpoints(headers: list[Header], hosts: frozenset[str]) -> dict[str, str]:
    text = ",".join(map(_text, values(headers, _ENDPOINTS)))
    members = {match[1]: match[2] for match in _MEMBER.finditer(text)}
    return {name: address for name, address in members.items() if _is_of(address, hosts)}


def _thinned(policy: str, hosts: frozenset[str], endpoints: dict[str, str]) -> str:
    directives = [directive.split() for directive in policy.split(";")]
    parts = [_directive(words, hosts, endpoints) for words in directives if words]
    return "; ".join(filter(None, parts))


def _directive(words: list[str], hosts: frozenset[str], endpoints: dict[str, str]) -> str:
    name = words[0].lower()
    if name == "report-uri":
        words = [words[0], *(word for word in words[1:] if _is_of(word, hosts))]
    elif name == "report-to":
        words = [words[0], *(word for word in words[1:] if word in endpoints)]
    else:
        return " ".join(words)
    return " ".join(words) if len(words) > 1 else ""


def _is_of(address: str, hosts: frozenset[str]) -> bool:
    match = _ADDRESS.fullmatch(address)
    return match is not None and match[1].lower() in hosts


def _text(value: bytes) -> str:
    return value.decode("latin-1")
