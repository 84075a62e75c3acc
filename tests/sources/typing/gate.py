"""What a type checker says of the gate and of its helpers. A line that it must refuse says why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from flask import Flask
from litestar import Litestar
from quart import Quart
from starlette.applications import Starlette

import askfirst
import askfirst.fastapi
import askfirst.flask
import askfirst.litestar
import askfirst.quart
import askfirst.starlette
import askfirst.wsgi
from askfirst import ConsentMiddleware, HttpCollector, Policy, consent_from, read_policy
from askfirst.django import ConsentMiddleware as DjangoMiddleware
from askfirst_collector.embedded import EmbeddedCollector

collector = EmbeddedCollector(Path("data"))
policy: Policy = read_policy(Path("policy.toml"))

# Every helper takes a policy, its file or its table, and the options of the gate.
gate: ConsentMiddleware = askfirst.starlette.init_app(
    Starlette(), policy=policy, collector=collector, csp="report", patience=1.5
)
gate = askfirst.fastapi.init_app(FastAPI(), policy="policy.toml", collector=collector)
gate = askfirst.quart.init_app(Quart("app"), policy=Path("policy.toml"), collector=collector)
gate = askfirst.litestar.init_app(
    Litestar([]), policy={"site": "shop"}, collector=collector, undeclared="learn"
)
gate = ConsentMiddleware(Starlette(), policy=policy, collector=collector, keys=(b"k" * 32,))
extension = askfirst.flask.AskFirst(policy=policy, collector=collector, permissions=True)
blocking: askfirst.wsgi.ConsentMiddleware = extension.init_app(Flask("app"))

# A wrong option, a wrong value of one, and a forgotten one are found before anything runs.
askfirst.starlette.init_app(  # E: call-arg
    Starlette(),
    policy=policy,
    collector=collector,
    cps="off",
)
askfirst.fastapi.init_app(
    FastAPI(),
    policy=policy,
    collector=collector,
    csp="on",  # E: arg-type
)
askfirst.quart.init_app(
    Quart("app"),
    policy=policy,
    collector=collector,
    patience="1",  # E: arg-type
)
askfirst.litestar.init_app(Litestar([]), policy=policy)  # E: call-arg
askfirst.starlette.init_app(Flask("app"), policy=policy, collector=collector)  # E: arg-type
askfirst.flask.AskFirst(policy=policy, collector=collector, undeclared=True)  # E: arg-type
ConsentMiddleware(Starlette(), policy=policy, collector="http://127.0.0.1")  # E: arg-type
HttpCollector("https://stats.example", "key")  # E: call-arg
EmbeddedCollector(Path("data"), host_policy="host.toml")  # E: arg-type
DjangoMiddleware(policy=policy)  # E: call-arg


def page(scope: Mapping[str, Any]) -> str:
    """What an application asks of the gate."""
    consent: askfirst.Consent = consent_from(scope)
    allowed: bool = consent.allows("statistics")
    consent.allows(1)  # E: arg-type
    consent_from("statistics")  # E: arg-type
    askfirst.track(scope, "order", {"plan": "large"})
    askfirst.track(scope, 7)  # E: arg-type
    askfirst.track(scope, "order", user_id=7)
    askfirst.identify(scope, "mira")
    askfirst.identify(scope, b"mira")  # E: arg-type
    notice: str = askfirst.askfirst_notice(scope)
    return notice if allowed else ""
