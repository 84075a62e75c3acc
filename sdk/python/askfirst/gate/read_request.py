"""What a request tells of its visitor's answer: read, and the receipt taken out, in one look."""

from __future__ import annotations

from collections.abc import Sequence

from askfirst.gate.signals import is_set
from askfirst.http.cookie_header import PARENT, own
from askfirst.http.headers import Header, Headers
from askfirst.terms.token import LONGEST

MOST_TOKENS = 8  # in one request: one each for the host, its partition and its parent domains
_READ = frozenset({b"cookie", b"sec-gpc", b"dnt", b"adpc"})
# Most headers are told apart by the length of their name alone.
_LENGTHS = frozenset(map(len, _READ))

# What an answer is read from: its tokens with the cookies' names, whether GPC and DNT are set, and
# the lines of ADPC.
RequestAnswer = tuple[tuple[Header, ...], bool, bool, bytes]


def read(headers: Headers) -> tuple[Headers, tuple[bytes, ...], RequestAnswer]:
    """The headers without the receipt, the receipt's secrets, and what the answer is read from.

    Every other byte of the headers is as it was; they are the same ones where no receipt came.
    """
    states: Sequence[Header] = ()
    secrets: tuple[bytes, ...] = ()
    fields = headers
    gpc = dnt = False
    adpc = b""
    for header in headers:
        name, value = header
        if len(name) not in _LENGTHS or (lowered := name.lower()) not in _READ:
            continue
        if lowered == b"cookie":
            # The shortest of our names is within the others.
            if PARENT in value:
                rest, tokens, receipts = own(value)
                states = [*states, *tokens] if states else tokens
                secrets += tuple(receipts)
                if rest is not value:
                    fields = [*fields]
                    at = fields.index(header)
                    fields[at : at + 1] = [(name, rest)] if rest else []
        elif lowered == b"dnt":
            dnt = dnt or is_set(value)
        elif lowered == b"adpc":
            adpc = b"%b,%b" % (adpc, value) if adpc else value
        else:
            gpc = gpc or is_set(value)
    return fields, secrets, read_answer(states, gpc=gpc, dnt=dnt, adpc=adpc)


def read_answer(
    states: Sequence[Header], *, gpc: bool, dnt: bool, adpc: bytes = b""
) -> RequestAnswer:
    """The same from cookies named as ours; what no ledger could have issued is left out."""
    tokens = tuple([state for state in states if len(state[1]) <= LONGEST])
    # More than a browser has is no answer, and not worth its time and memory.
    return (tokens if len(tokens) <= MOST_TOKENS else ()), gpc, dnt, adpc
