"""What stands between a visitor and the application: nothing, or a proxy that is not trusted."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from askfirst.observe.proxies import Proxies
from askfirst.terms.policy import read_policy
from askfirst_collector.doctor.collect_evidence import Request, collect_evidence
from askfirst_collector.doctor.transport import nothing_in_front
from tests.unit.doctor.sites import policy, tide, visit


def test_d032_a_proxy_that_is_not_trusted(tmp_path: Path) -> None:
    """D032: what a proxy says is not believed; of whom it is told to trust, nothing is said."""

    def proxied(header: str) -> Any:
        def front(app: Any) -> Any:
            async def application(scope: Any, receive: Any, send: Any) -> None:
                pair = (header.encode(), b"24.30.40.50")
                await app({**scope, "headers": [*scope["headers"], pair]}, receive, send)

            return application

        return front

    for header, trust in (("x-forwarded-for", "its addresses"), ("cf-connecting-ip", "Cloudflare")):
        with tide(tmp_path, front=proxied(header)) as origin:
            (finding,) = visit(origin).findings
            assert (finding.id, finding.severity) == ("askfirst.D032", "warning")
            assert header in finding.found
            assert f"Name {trust}" in finding.do
    trusted = Proxies.of(["127.0.0.1"])
    with tide(tmp_path, front=proxied("x-forwarded-for"), proxies=trusted) as origin:
        assert visit(origin).findings == ()


def test_d022_nothing_in_front(tmp_path: Path) -> None:
    """D022: what visitors reach says that it is an application server; on loopback anything may."""
    with tide(tmp_path) as origin:
        request = Request(origin, policy=read_policy(policy(origins=[origin])))
        evidence = collect_evidence(request, now=time.time)
    assert [*nothing_in_front(evidence)] == []
    public = replace(evidence, origin="https://tide.example")
    (found,) = nothing_in_front(public)
    assert (found.id, found.severity) == ("askfirst.D022", "warning")
    assert "uvicorn" in found.found
    (page, *_) = public.pages
    for headers in (
        ((b"server", b"nginx"),),
        (),
        ((b"server", b"uvicorn"), (b"via", b"1.1 Caddy")),
    ):
        behind = replace(page, plain=replace(page.plain, headers=headers))
        assert [*nothing_in_front(replace(public, pages=(behind,)))] == []
