"""Checkpoints of a tree as signed notes (C2SP signed-note, C2SP tlog-checkpoint), with Ed25519."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from askfirst.errors import AskfirstError

_DASH = "\N{EM DASH} "
_ED25519 = b"\x01"  # the algorithm, within a verifier key
LONGEST = 65_536  # characters of a note


class NoteRefused(AskfirstError):
    """A note that proves nothing; the message says why."""


@dataclass(frozen=True)
class Checkpoint:
    """How large a tree was, and its root then; `origin` is its name among all trees."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def sign_checkpoint(checkpoint: Checkpoint, seed: bytes) -> str:
    """The checkpoint as a note, signed with the key of this seed under the tree's own name."""
    return sign_note(checkpoint.text(), checkpoint.origin, seed)


def sign_note(text: str, name: str, seed: bytes) -> str:
    """A text that ends with its line, signed under a name with the key of this seed."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = _key_id(name, public) + key.sign(text.encode())
    return f"{text}\n{_DASH}{name} {base64.b64encode(signature).decode()}\n"


def verifier_key(name: str, seed: bytes) -> str:
    """The key by which others check notes of this name: `name+id+key`."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"{name}+{_key_id(name, raw).hex()}+{base64.b64encode(_ED25519 + raw).decode()}"


def is_verifier_key(key: str) -> bool:
    """Whether a text is a verifier key, of the id that it says."""
    name, _, rest = key.partition("+")
    public = rest.partition("+")[2]
    try:
        raw = base64.b64decode(public, validate=True)
    except ValueError:
        return False
    written = f"{name}+{_key_id(name, raw[1:]).hex()}+{base64.b64encode(raw).decode()}"
    return raw[:1] == _ED25519 and len(raw) == 33 and key == written


def open_note(note: str, keys: Sequence[str]) -> str:
    """The text of a note that one of these verifier keys signed; raises NoteRefused."""
    text, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n") or len(note) > LONGEST:
        raise NoteRefused("it is no signed note: a text, an empty line, and signatures")
    text += "\n"
    for line in lines.splitlines():
        name, _, coded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not name:
            raise NoteRefused("a line after its text is no signature")
        for key in keys:
            if _is_signed(text, name, coded, key):
                return text
    raise NoteRefused("none of these keys signed it")


def read_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from the text of a note; raises NoteRefused."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not lines[0]:
        raise NoteRefused("it is no checkpoint: origin, size and root, a line each")
    origin, size, root = lines[:3]
    try:
        decoded = base64.b64decode(root, validate=True)
    except ValueError:
        raise NoteRefused("its root is no hash") from None
    if not size.isascii() or not size.isdigit() or str(int(size[:20])) != size:
        raise NoteRefused("its size is no whole number")
    if len(decoded) != hashlib.sha256().digest_size:
        raise NoteRefused("its root is no hash")
    return Checkpoint(origin, int(size), decoded)


def _is_signed(text: str, name: str, coded: str, key: str) -> bool:
    try:
        # Base64 has that sign too.
        owner, _, public = key.split("+", 2)
        algorithm, raw = base64.b64decode(public, validate=True)[:1], base64.b64decode(public)[1:]
        signature = base64.b64decode(coded, validate=True)
        if owner != name or algorithm != _ED25519 or signature[:4] != _key_id(name, raw):
            return False
        if base64.b64encode(signature).decode() != coded:
            return False  # its last letter has bits that say nothing: no byte may be changed unseen
        Ed25519PublicKey.from_public_bytes(raw).verify(signature[4:], text.encode())
    except (ValueError, InvalidSignature):
        return False
    return True


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]
