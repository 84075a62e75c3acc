"""An OpenID Connect provider that members may sign in with: authorization code, PKCE, nonce.

Needs the extra `[oidc]`. What the provider says is believed only inside an id_token that one of its
keys signed for this client and this very sign-in (OpenID Connect Core 1.0, section 3.1.3.7).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from askfirst.errors import AskfirstError
from askfirst_collector.config import SettingError
from askfirst_collector.loopback import is_loopback
from askfirst_collector.members.identities import Identity

# Asymmetric alone: neither "none" nor one that the client secret would sign.
ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519", "EdDSA"]
SECONDS = 10  # for one answer of the provider
LEEWAY = 60  # seconds that its clock may differ
REMEMBERED = 3600.0  # seconds that its metadata is kept
LONGEST_SUBJECT = 255  # characters, OpenID Connect Core 1.0 section 2
CODE = "askfirst.E160"


class ProviderFault(AskfirstError):
    """The provider cannot be reached, or what it said cannot be believed."""


@dataclass(frozen=True)
class Provider:
    """What the provider and this client know of each other.

    `url` is where members find the dashboard, as the provider has it registered:
    `{url}/oidc/callback` is where it sends them back to.
    """

    issuer: str
    client: str
    secret: str
    url: str
    name: str = "single sign-on"

    def __post_init__(self) -> None:
        for field, value in (("issuer", self.issuer), ("url", self.url)):
            parts = urlsplit(value)
            safe = parts.scheme == "https" or (
                parts.scheme == "http" and is_loopback(parts.hostname or "")
            )
            if not safe or not parts.hostname or parts.query or parts.fragment:
                advice = f"give the {field} as https://…, without a query"
                raise SettingError(CODE, value, advice)
        if not self.client:
            raise SettingError(CODE, self.client, "give the client id that the provider knows")

    @property
    def callback(self) -> str:
        """Where the provider sends the browser back to."""
        return f"{self.url.rstrip('/')}/oidc/callback"


def provider_of(environment: Mapping[str, str]) -> Provider | None:
    """The provider that ASKFIRST_OIDC_* name; None where no issuer is named.

    Raises SettingError `askfirst.E160` for one that cannot be used.
    """
    issuer = environment.get("ASKFIRST_OIDC_ISSUER", "")
    if not issuer:
        return None
    return Provider(
        issuer=issuer,
        client=environment.get("ASKFIRST_OIDC_CLIENT", ""),
        secret=environment.get("ASKFIRST_OIDC_SECRET", ""),
        url=environment.get("ASKFIRST_OIDC_URL", ""),
        name=environment.get("ASKFIRST_OIDC_NAME", "") or urlsplit(issuer).hostname or issuer,
    )


class Conversation:
    """Talks to one provider; blocks, so it is asked beside the event loop."""

    def __init__(self, provider: Provider, *, now: Callable[[], float]) -> None:
        try:
            from authlib.integrations.requests_client import OAuth2Session
        except ImportError:
            advice = "install what it needs: pip install 'askfirst[oidc]'"
            raise SettingError(CODE, provider.issuer, advice) from None
        self._new: Callable[..., Any] = OAuth2Session
        self._provider = provider
        self._now = now
        self._lock = threading.Lock()
        self._known: tuple[float, dict[str, Any]] | None = None

    def address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where to send the browser. Raises ProviderFault."""
        with self._client() as client:
            endpoint = self._metadata(client)["authorization_endpoint"]
            address: str = client.create_authorization_url(
                endpoint, state=state, code_verifier=verifier, nonce=nonce
            )[0]
        return address

    def identity(self, code: str, *, nonce: str, verifier: str, issuer: str | None) -> Identity:
        """Who the code of a callback is about. Raises ProviderFault.

        `issuer` is what the callback itself said (RFC 9207), so that no other provider's answer is
        taken for this one's.
        """
        with self._client() as client:
            metadata = self._metadata(client)
            says = bool(metadata.get("authorization_response_iss_parameter_supported"))
            if issuer != self._provider.issuer and (issuer is not None or says):
                raise ProviderFault("the answer is another provider's")
            token = self._asked(
                lambda: client.fetch_token(
                    metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    timeout=SECONDS,
                    allow_redirects=False,
                )
            )
            keys = self._json(client, metadata["jwks_uri"])
        return self._read(token, keys, nonce)

    def _read(self, token: Mapping[str, Any], keys: Any, nonce: str) -> Identity:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.jwk import KeySet

        provider = self._provider

        def read() -> dict[str, Any]:
            signed = jwt.decode(
                token["id_token"], KeySet.import_key_set(keys), algorithms=ALGORITHMS
            )
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                {
                    "iss": {"essential": True, "value": provider.issuer},
                    "aud": {"essential": True, "value": provider.client},
                },
                {
                    "nonce": nonce,
                    "client_id": provider.client,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(self._now()), leeway=LEEWAY)
            return dict(claims)

        claims = self._asked(read)
        subject, email = claims.get("sub"), claims.get("email")
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
            raise ProviderFault("the id_token names nobody")
        verified = claims.get("email_verified") is True and isinstance(email, str)
        name = claims.get("preferred_username") or claims.get("name")
        return Identity(
            provider.issuer,
            subject,
            email if verified and isinstance(email, str) else "",
            name if isinstance(name, str) else "",
        )

    def _metadata(self, client: Any) -> dict[str, Any]:
        with self._lock:
            known = self._known
        if known is not None and 0 <= self._now() - known[0] < REMEMBERED:
            return known[1]
        address = f"{self._provider.issuer.rstrip('/')}/.well-known/openid-configuration"
        metadata = self._json(client, address)
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if metadata.get("issuer") != self._provider.issuer or not all(
            isinstance(metadata.get(field), str) and _is_safe(metadata[field]) for field in needed
        ):
            raise ProviderFault("its metadata is another issuer's, or leads to http")
        with self._lock:
            self._known = (self._now(), metadata)
        return metadata

    def _json(self, client: Any, address: str) -> dict[str, Any]:
        def get() -> dict[str, Any]:
            answer = client.get(
                address, withhold_token=True, timeout=SECONDS, allow_redirects=False
            )
            if answer.status_code != 200:
                raise ValueError("no such document")
            document = answer.json()
            if not isinstance(document, dict):
                raise TypeError("no document")
            return document

        document: dict[str, Any] = self._asked(get)
        return document

    def _client(self) -> Any:
        provider = self._provider
        return self._new(
            provider.client,
            provider.secret or None,
            scope="openid email profile",
            redirect_uri=provider.callback,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if provider.secret else "none",
        )

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """What is asked of the provider, with every way to fail as one."""
        from authlib.common.errors import AuthlibBaseError
        from joserfc.errors import JoseError
        from requests import RequestException

        try:
            return ask()
        except (
            AuthlibBaseError, JoseError, RequestException, ValueError, KeyError, TypeError,
        ) as error:  # fmt: skip
            # Only the type: a message may hold the code, or the token.
            raise ProviderFault(type(error).__name__) from None


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
