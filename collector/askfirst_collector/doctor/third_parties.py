"""Whom a page asks before anybody answered."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from askfirst.observe.referrer import registrable_domain
from askfirst_collector.doctor.evidence import Evidence, plain
from askfirst_collector.doctor.finding import Finding
from askfirst_collector.init.known_services import hint, services_at

ASKING = ("http", "https", "ws", "wss")
# Directives of a Content-Security-Policy whose hosts a page may be made to ask.
LOADING = (b"default-src", b"script-src", b"connect-src", b"img-src", b"frame-src", b"style-src",
           b"font-src", b"media-src", b"script-src-elem", b"style-src-elem")  # fmt: skip


def third_party_before_consent(evidence: Evidence) -> Iterator[Finding]:
    """D008: each host of somebody else's that is asked, connected to or looked up (M01)."""
    hosts: dict[str, str] = {}
    for page in evidence.pages:
        for address in page.markup.loads:
            _note(hosts, evidence.origin, page.path, address)
    for path, address in evidence.browser.requests if evidence.browser else ():
        _note(hosts, evidence.origin, path, address)
    for host, where in hosts.items():
        yield Finding(
            "askfirst.D008",
            where,
            f"{host} is asked",
            "Serve it from the site itself, or let it wait for its purpose: "
            '<script type="text/plain" data-purpose="…" src="…">; and name the recipient in the '
            f"policy{hint(services_at(host))}",
        )


def allowed_by_csp(evidence: Evidence) -> Iterator[str]:
    """Hosts of others that the page's own policy would let scripts ask, for a note."""
    for page in evidence.pages:
        for line in page.plain.all(b"content-security-policy"):
            for directive in line.split(b";"):
                name, *sources = directive.split() or [b""]
                if name.lower() in LOADING:
                    yield from _hosts(evidence.origin, sources)


def _hosts(origin: str, sources: list[bytes]) -> Iterator[str]:
    for source in sources:
        text = source.decode("latin-1")
        if text.startswith("'") or text.endswith(":"):
            continue
        host = urlsplit(text if "://" in text else f"https://{text}").hostname
        if host and not same_site(origin, host.removeprefix("*.")):
            yield plain(host)


def _note(hosts: dict[str, str], origin: str, path: str, address: str) -> None:
    try:
        parts = urlsplit(urljoin(origin + path, address.strip()))
        host = parts.hostname
    except ValueError:
        return
    if host and parts.scheme in ASKING and not same_site(origin, host):
        hosts.setdefault(plain(host), path)


def same_site(origin: str, host: str) -> bool:
    """Whether a host is the site's own, or another one of the same registrable domain."""
    own = urlsplit(origin).hostname or ""
    if host == own or _is_address(own) or _is_address(host):
        return host == own
    domain = registrable_domain(host)
    return domain is not None and domain == registrable_domain(own)


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
