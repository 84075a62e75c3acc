"""How a body comes: its media type, and forms."""

from __future__ import annotations

from urllib.parse import parse_qsl

from ..errors import Reason, Refused
from ..gate.headers import Headers, first, values
from .limits import FORM_FIELDS
from .strict_json import BROKEN, decode

FORM, JSON, TEXT = "application/x-www-form-urlencoded", "application/json", "text/plain"


def media_type(headers: Headers, *types: str) -> str:
    """The media type, one of `types`; refuses every other, every other charset, every coding."""
    for coding in values(headers, b"content-encoding"):
        if coding.lower() not in (b"", b"identity"):
            raise Refused(Reason.ENCODED_BODY, "send the body without a content coding")
    kind, *parameters = (first(headers, b"content-type") or b"").decode("latin-1").split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' \t"').lower() != "utf-8":
            raise Refused(Reason.UNSUPPORTED_MEDIA_TYPE, "send UTF-8")
    if kind.strip().lower() not in types:
        raise Refused(Reason.UNSUPPORTED_MEDIA_TYPE, f"send {' or '.join(types)}")
    return kind.strip().lower()


def read_form(data: bytes) -> dict[str, str]:
    """The fields of a form; refuses bad UTF-8, a field twice, NUL, too many."""
    try:
        pairs = parse_qsl(
            decode(data),
            keep_blank_values=True,
            strict_parsing=bool(data),
            errors="strict",
            max_num_fields=FORM_FIELDS,
        )
    except UnicodeDecodeError:
        raise Refused(Reason.NOT_UTF_8, "send UTF-8") from None
    except ValueError:
        raise Refused(Reason.BAD_FORM, f"send at most {FORM_FIELDS} fields, name=value") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refused(Reason.DUPLICATE_KEY, "send each field once")
    if any(BROKEN.search(part) for pair in pairs for part in pair):
        raise Refused(Reason.BAD_SHAPE, "send fields without NUL")
    return fields
