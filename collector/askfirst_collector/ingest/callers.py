"""Who sends events: a site's own gate, a relay under its key, a page of a script-only site."""

from __future__ import annotations

from dataclasses import replace

from askfirst.client import Caller
from askfirst.contracts import origin
from askfirst.contracts.events import EventBatch
from askfirst.contracts.origin import exact_origin
from askfirst.errors import Reason, Refused
from askfirst.gate.receipt import handle_of
from askfirst.gate.signals import read_signals
from askfirst.http.headers import Headers, values
from askfirst.terms.consent import Signals
from askfirst.terms.placed import Placed
from askfirst_collector.catalogue.sites import Registry, Site
from askfirst_collector.ingest.read_rows import Sender

_BEARER = b"bearer "


class Callers:
    """Resolves senders against the registry; raises Refused where a request has no say here."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def site(self, name: str) -> Site:
        """The site of this name."""
        site = self._registry.site(name, heard=True)
        if site is None:
            raise Refused(
                Reason.NO_SUCH_SITE, "send the name of a site that has published a policy"
            )
        return site

    def check_origin(self, site: Site, headers: Headers) -> None:
        """Whether the site itself sends; asked before a body is read (M47)."""
        origin.check_origin(headers, site.editions.current.policy.origins)

    def of_gate(self, site: Site, caller: Caller, sent: EventBatch, headers: Headers) -> Sender:
        """What the gate vouches for."""
        signals = _signals(sent, headers, gpc=caller.gpc, dnt=caller.dnt)

        def accepts_page_token(placed: Placed, path: str) -> bool:
            # The gate says that this was a page of the site; which of its origins, the browser.
            elsewhere = placed.policy.origins and not exact_origin(headers, placed.policy.origins)
            accepts = caller.accepts_page_token
            return not elsewhere and accepts is not None and accepts(placed.name, path, sent.vouch)

        return Sender(site, caller.handle, signals, accepts_page_token, user=caller.user)

    def site_of_key(self, key: str) -> str | None:
        """The site whose relay shows this key; asked before a body is read."""
        return self._registry.site_of_key(key)

    def of_relay(self, own: str, sent: EventBatch, headers: Headers) -> Sender:
        """The relay of the site `own`, whose key it showed."""
        if sent.site != own:
            raise Refused(Reason.WRONG_KEY, "send the key of the site that the body names")
        if sent.secret is not None:
            raise Refused(Reason.WRONG_KEY, "a relay sends the handle, never the secret")
        site = self.site(sent.site)
        # The gate beside it has looked at the vouch: what it sends on, it vouches for.
        signals = _signals(sent, headers)
        return Sender(
            site, sent.handle, signals, lambda placed, path: True, relay=True, user=sent.user
        )

    def of_script(self, sent: EventBatch, headers: Headers) -> Sender:
        """A page of a site without a server of its own, by its exact origin."""
        if sent.handle is not None:
            raise Refused(
                Reason.WRONG_KEY, "a handle needs the key of its site; a page sends secret"
            )
        site = self.site(sent.site)
        sender = exact_origin(headers, site.editions.current.policy.origins)
        if sender is None:
            raise Refused(Reason.CROSS_ORIGIN, "send events from an origin of the site")
        handle = None if sent.secret is None else handle_of(sent.secret.encode())
        text = sender.decode("latin-1")

        def accepts_page_token(placed: Placed, path: str) -> bool:
            return text in placed.origins(site.editions.current.policy)

        return Sender(site, handle, _signals(sent, headers), accepts_page_token)

    def placed(self, site: Site, key: str) -> Placed | None:
        """The collector with this write key, where it stands on pages of the site now."""
        address = self._registry.collector_of_key(key)
        if address is None or address[0] != site.name:
            return None
        return site.editions.current.placed.get(address[1])


def bearer(headers: Headers) -> str | None:
    """The key of `Authorization: Bearer …` (RFC 6750 section 2.1); None where there is none."""
    lines = values(headers, b"authorization")
    if not lines:
        return None
    if len(lines) != 1 or lines[0][: len(_BEARER)].lower() != _BEARER:
        return ""
    return lines[0][len(_BEARER) :].strip().decode("latin-1")


def _signals(
    sent: EventBatch, headers: Headers, *, gpc: bool = False, dnt: bool = False
) -> Signals:
    """Of header, body and gate, whichever says more."""
    signals = read_signals(headers)
    gpc, dnt = gpc or signals.gpc or sent.gpc, dnt or signals.dnt or sent.dnt
    return replace(signals, gpc=gpc, dnt=dnt) if gpc or dnt else signals
