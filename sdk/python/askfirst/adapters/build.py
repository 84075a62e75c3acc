"""What every shell may be told, and what stands behind it: a gate, its relay and its paths."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from askfirst.client import CollectorClient
from askfirst.endpoints.routes import Paths
from askfirst.gate.csp import Mode
from askfirst.gate.gate import Gate
from askfirst.gate.relay import PATIENCE, Relay
from askfirst.gate.signals import AgeSignal
from askfirst.gate.undeclared_cookies import Undeclared
from askfirst.terms.policy import Policy, read_policy

GivenPolicy = Policy | Path | str | Mapping[str, Any]  # itself, its file, or its table


class GateOptions(TypedDict, total=False):
    """What every shell may be told besides policy and collector."""

    keys: tuple[bytes, ...] | None  # of the site's cookies, newest last; None asks the collector
    # "learn" lets undeclared cookies leave, on loopback alone: the default where the policy has no
    # other origin; "strict" takes them out
    undeclared: Undeclared | None
    cookie_database: Path | str | None  # a CSV file that knows what cookies are for
    csp: Mode  # a Content-Security-Policy by consent: "off", "report", "enforce"
    permissions: bool  # deny the browser what no purpose may use
    # Says of a request's headers whether it is a child's (docs/gate.md); "prefer-safe" is RFC 8674
    under_age: AgeSignal | None
    patience: float  # seconds a grant, or a first page, waits for the collector
    now: Callable[[], float]  # unix seconds
    urandom: Callable[[int], bytes]


@dataclass(frozen=True)
class BuiltGate:
    """What stands behind a shell; `sees_pages` where the server tells of page views itself."""

    gate: Gate
    relay: Relay
    paths: Paths
    sees_pages: bool


def build_gate(
    *,
    policy: GivenPolicy,
    collector: CollectorClient,
    keys: tuple[bytes, ...] | None = None,
    undeclared: Undeclared | None = None,
    cookie_database: Path | str | None = None,
    csp: Mode = "off",
    permissions: bool = False,
    under_age: AgeSignal | None = None,
    patience: float = PATIENCE,
    now: Callable[[], float] = time.time,
    urandom: Callable[[int], bytes] = os.urandom,
) -> BuiltGate:
    """All of it; raises PolicyError, WrongSetting or Unusable for what is wrong."""
    if isinstance(policy, str):
        policy = Path(policy)
    read = policy if isinstance(policy, Policy) else read_policy(policy)
    gate = Gate(
        read,
        now=now,
        undeclared=undeclared,
        cookie_database=cookie_database,
        csp=csp,
        permissions=permissions,
        under_age=under_age,
    )
    relay = Relay(gate, collector, keys=keys, urandom=urandom, patience=patience, now=now)
    file = policy if isinstance(policy, Path) else None
    return BuiltGate(gate, relay, Paths(relay, now=now, file=file), read.server_side)
