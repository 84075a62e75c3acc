"""`POST /v1/consents` as it is sent: decoded, and turned into the decision it means."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from askfirst.client import Decision
from askfirst.errors import Refused
from askfirst_collector.ingest.body import check_version, converted

_Base64 = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{22}$")]
_Handle = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
_Purpose = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}(/[a-z][a-z0-9_-]{0,39})?$")]
_Detail = Annotated[int, Meta(ge=0, le=3)]


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body: the contract of `/askfirst/consent`, and whose answer it is."""

    v: int
    site: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    edition: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    lang: Annotated[str, Meta(max_length=40)]
    # `rollback`: under a site key, a grant whose answer the relay did not hear in time.
    method: Literal["accept_all", "reject_all", "save", "withdraw", "rollback"]
    choices: Annotated[dict[_Purpose, _Detail], Meta(max_length=200)] = {}
    adult: bool = False
    gpc: bool = False
    handle: _Handle | None = None  # under a site key
    secret: _Base64 | None = None  # from a script

    def decision(self, handle: str, *, gpc: bool) -> Decision:
        """What it means for a handle; a signal of the request counts beside that of the body."""
        return Decision(
            site=self.site,
            handle=handle,
            edition=self.edition,
            lang=self.lang,
            method=self.method,
            choices=self.choices,
            adult=self.adult,
            gpc=self.gpc or gpc,
        )

    @property
    def refuses(self) -> bool:
        """Whether nothing is granted by it."""
        if self.method == "save":
            return bool(self.choices) and not any(self.choices.values())
        return self.method != "accept_all"


def read_asked(value: object) -> Asked:
    """What `check_json` returned of a body; Refused where it is not by the contract."""
    return check_version(converted(Asked, value))


def handle_of(secret: str) -> str:
    """The handle of a secret: hex SHA-256 of its 16 bytes. Refused where it is none."""
    try:
        data = base64.b64decode(secret + "==", altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        data = b""
    # One secret has one spelling: the last character's spare bits are zero.
    if len(data) != 16 or base64.urlsafe_b64encode(data).rstrip(b"=").decode() != secret:
        raise Refused("no-receipt", "send the secret of a receipt")
    return hashlib.sha256(data).hexdigest()
