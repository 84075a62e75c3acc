"""For Flask: `AskFirst(app, …)`, or `AskFirst(…).init_app(app)`; wraps `app.wsgi_app`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

import flask
from flask import Flask
from werkzeug.wrappers import Request

from askfirst.adapters import wsgi
from askfirst.adapters.build import GateOptions
from askfirst.adapters.jinja import askfirst_script
from askfirst.adapters.wsgi import ROUTE, ConsentMiddleware
from askfirst.pages.html import Html

from .client import CollectorClient
from .terms.consent import Consent
from .terms.policy import Policy

__all__ = ["AskFirst", "ConsentMiddleware", "askfirst_notice", "consent_from"]

EXTENSION = "askfirst"


class AskFirst:
    """The gate in front of a Flask application, which stays a Flask.

    It wraps `app.wsgi_app`, because Flask sets the session's cookie after every `after_request`.
    Templates get `askfirst_notice()`, `askfirst_script()`, `askfirst_allows(purpose)`. A relative
    path of the policy is one below `app.root_path`. More: `askfirst.adapters.build.GateOptions`.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        policy: Policy | Path | str | Mapping[str, Any],
        collector: CollectorClient,
        **options: Unpack[GateOptions],
    ) -> None:
        self._policy = policy
        self._collector = collector
        self._options = options
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> ConsentMiddleware:
        """Put the gate in front of an application; wrap it further out only with what is blind."""
        policy = self._policy
        if isinstance(policy, (str, Path)):
            policy = Path(app.root_path) / policy
        gate = ConsentMiddleware(
            app.wsgi_app, policy=policy, collector=self._collector, **self._options
        )
        app.wsgi_app = gate  # type: ignore[method-assign]
        app.extensions[EXTENSION] = gate
        app.before_request(_tell_route)
        app.jinja_env.globals.update(
            askfirst_notice=askfirst_notice,
            askfirst_script=askfirst_script,
            askfirst_allows=lambda purpose: consent_from().allows(purpose),
        )
        return gate


def consent_from(request: Request | None = None) -> Consent:
    """The consent of a request, or of the present one; the response then varies on the answer.

    Raises LookupError where no gate stands in front.
    """
    return wsgi.consent_from((request or flask.request).environ)


def askfirst_notice(lang: str | None = None, nonce: str | None = None) -> Html:
    """The notice where there is something to ask, and the control: for the end of `<body>`."""
    return wsgi.askfirst_notice(flask.request.environ, lang=lang, nonce=nonce)


def _tell_route() -> None:
    rule = flask.request.url_rule
    if rule is not None:
        flask.request.environ[ROUTE] = rule.rule
