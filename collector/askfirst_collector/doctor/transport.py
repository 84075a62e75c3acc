"""The way there: HTTPS, the certificate, the clock, proxies, and what access logs keep."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from askfirst.http.request import UNBELIEVED
from askfirst_collector.doctor.evidence import PROXIES, Evidence, plain
from askfirst_collector.doctor.finding import Finding

MOST_OFF = 60.0  # seconds a clock may be off
SOON = 14  # days
DAY = 86_400
# By the first word of their Server header; none has a limit on the time that headers take.
APPLICATION_SERVERS = frozenset(
    {"uvicorn", "hypercorn-h11", "hypercorn-h2", "daphne", "gunicorn", "werkzeug", "wsgiserver"}
)


def no_https(evidence: Evidence) -> Iterator[Finding]:
    """D011: answers and receipts would cross a network in the clear, and browsers keep neither."""
    if evidence.public and evidence.origin.startswith("http://"):
        yield Finding(
            "askfirst.D011",
            evidence.origin,
            "the site is served without TLS, and is not on loopback",
            "Serve it by HTTPS alone: both cookies are Secure, so no browser keeps an answer here",
        )


def nothing_in_front(evidence: Evidence) -> Iterator[Finding]:
    """D022: an application server waits for the rest of a header for ever, or nearly.

    Whoever opens as many connections as it has files keeps all visitors out, withdrawals included.
    """
    for page in evidence.pages[:1] if evidence.public else ():
        names = {plain(value).partition("/")[0].lower() for value in page.plain.all(b"server")}
        if names and names <= APPLICATION_SERVERS and not page.plain.all(b"via"):
            yield Finding(
                "askfirst.D022",
                evidence.origin,
                f"visitors reach {', '.join(sorted(names))} itself, says the header Server",
                "Put a server in front that ends slow headers and bounds connections, such as "
                "nginx, Caddy or HAProxy; where one is, let it not hand on this header",
            )


def certificate_ends_soon(evidence: Evidence) -> Iterator[Finding]:
    """D016: after that no visitor can answer, withdraw, or see the site."""
    if evidence.certificate_ends is None:
        return
    days = int((evidence.certificate_ends - evidence.now) // DAY)
    if days < SOON:
        yield Finding(
            "askfirst.D016",
            evidence.origin,
            f"its certificate ends in {days} days",
            "Renew it, and see why it is not renewed by itself",
        )


def clock_is_off(evidence: Evidence) -> Iterator[Finding]:
    """D015: periods close, cookies end and grants expire by this clock."""
    for page in evidence.pages[:1]:
        for value in page.plain.all(b"date")[:1]:
            try:
                theirs = parsedate_to_datetime(value.decode("latin-1")).timestamp()
            except ValueError:
                continue
            ours = page.plain.asked_at + page.plain.took / 2
            off = abs(theirs - ours) - page.plain.took / 2
            if off > MOST_OFF:
                which = "behind" if theirs < ours else "ahead"
                yield Finding(
                    "askfirst.D015",
                    page.path,
                    f"the site's Date is {off:.0f} seconds {which} of this machine's clock",
                    "Set both by NTP: periods close and grants end by the site's clock",
                )


def believes_anybody(evidence: Evidence) -> Iterator[Finding]:
    """D010: a forged address is generalised to a forged country, and limits do not limit."""
    for who in evidence.inside.believes if evidence.inside else ():
        yield Finding(
            "askfirst.D010",
            plain(who),
            "a stranger's X-Forwarded-For is taken for the visitor's address",
            'Trust the addresses of your own proxies alone, such as Proxies.of(["10.0.0.7"]) or '
            "--forwarded-allow-ips 10.0.0.7",
        )


def proxy_not_trusted(evidence: Evidence) -> Iterator[Finding]:
    """D032: all who come through it have its address, and are one network, without a country."""
    answer = evidence.own.get(PROXIES)
    for header in answer.all(UNBELIEVED) if answer else ():
        name = plain(header)
        if name == "cf-connecting-ip" or (answer and answer.all(b"cf-ray")):
            trust = "Cloudflare's ranges (https://www.cloudflare.com/ips/)"
        else:
            trust = "its addresses, and no others,"
        yield Finding(
            "askfirst.D032",
            evidence.origin,
            f"a proxy says in {name} whom it speaks for, and the site does not believe it: every "
            "visitor who comes through it has its address, so that all are one network, of which "
            "three count towards the size of a figure, and one place",
            f"Name {trust} as trusted, beside your other proxies: proxies=Proxies.of([…]) of the "
            "collector, from askfirst.observe.proxies, or --proxy of askfirst serve",
        )


def log_keeps_visitors(evidence: Evidence) -> Iterator[Finding]:
    """D009: somebody who agreed to nothing stands in the log (M43)."""
    for log in evidence.written:
        if log.kinds:
            yield Finding(
                "askfirst.D009",
                plain(log.file),
                f"it keeps the {', '.join(log.kinds)} of a visitor who agreed to nothing",
                "Call askfirst.accesslog.install() in the site's process, or keep no access log; "
                "in a proxy's log leave out address, agent, referrer and query",
            )
