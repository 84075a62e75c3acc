"""The Cookie header, byte by byte."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from askfirst.gate.read_request import read
from askfirst.http.cookie_header import PARENT, RECEIPT, STATE, own, read_cookies

BLANK = b" \t"
# Pieces that parsers stumble over, ours among them.
PIECES = st.sampled_from(
    [
        b"", b" ", b"a=1", b"=x", b"flag", b'q="x; y"', b'j={"a":"b,c"}', b"\xe4\xf6=\xff\xfe",
        b"n=\x00", b"a==", b"  spaced = 1 ", b"tab\t=\t1", RECEIPT, RECEIPT + b"=",
        RECEIPT + b"=s1",
        b" " + RECEIPT + b"\t= s2 ", b"x" + RECEIPT + b"=n", RECEIPT + b"x=n", b"v=" + RECEIPT,
        b"v=" + RECEIPT + b"=1", STATE + b"=t", PARENT + b"=p", b"\r\n",
        b"__host-askfirst-receipt=n",
    ]
)  # fmt: skip
HEADER = st.one_of(
    st.lists(PIECES, max_size=8).map(b";".join),
    st.lists(PIECES, max_size=8).map(b"; ".join),
    st.binary(max_size=60),
)


def chunks(value: bytes, *, without: bytes) -> list[bytes]:
    """The specification: chunks between semicolons, those of one name left out."""
    return [
        chunk
        for chunk in value.split(b";")
        if not (b"=" in chunk and chunk.partition(b"=")[0].strip(BLANK) == without)
    ]


@given(st.lists(HEADER, max_size=3))
def test_the_receipt_is_taken_out_and_nothing_else(lines: list[bytes]) -> None:
    """M40: the receipt is gone whatever stands around it, and the rest is byte for byte there."""
    headers = [(b"host", b"x"), *((b"cookie", line) for line in lines), (b"accept", RECEIPT)]
    kept, taken, _ = read(headers)
    cookies = read_cookies(headers)
    assert [*taken] == [value for name, value in cookies if name == RECEIPT]
    assert read_cookies(kept) == [each for each in cookies if each[0] != RECEIPT]
    left = [value for name, value in kept if name == b"cookie"]
    for line in lines:
        wanted = chunks(line, without=RECEIPT)
        if wanted == line.split(b";"):
            assert line in left
        elif b"".join(wanted).strip(BLANK):
            thinned = b";".join(wanted)
            assert thinned in left or thinned.lstrip(BLANK) in left
    assert [header for header in kept if header[0] != b"cookie"] == [headers[0], headers[-1]]


@given(HEADER)
def test_a_search_finds_what_splitting_finds(line: bytes) -> None:
    """No chunk hides another one from the search that the hot path uses."""
    everything = read_cookies([(b"cookie", line)])
    _, states, secrets = own(line)
    assert states == [each for each in everything if each[0] in (STATE, PARENT)]
    assert secrets == [value for name, value in everything if name == RECEIPT]


def test_an_odd_chunk_loses_nothing() -> None:
    """Quotes, JSON, 8-bit text, flags and empty chunks leave every other cookie as it is."""
    line = b'a="1; b=2"; \xff=\xfe; flag; ; j={"x":[1,2]}; c=3'
    assert read_cookies([(b"Cookie", line)]) == [
        (b"a", b'"1'), (b"b", b'2"'), (b"\xff", b"\xfe"), (b"", b"flag"), (b"j", b'{"x":[1,2]}'),
        (b"c", b"3"),
    ]  # fmt: skip


def test_where_only_the_receipt_was_there_the_header_goes() -> None:
    """An application sees no empty Cookie header."""
    assert read([(b"cookie", RECEIPT + b"=x")])[:2] == ([], (b"x",))
    kept, taken, _ = read([(b"cookie", RECEIPT + b"=x; a=1"), (b"cookie", b"b=2")])
    assert kept == [(b"cookie", b"a=1"), (b"cookie", b"b=2")]
    assert taken == (b"x",)


def test_a_header_of_receipts_costs_no_more_than_its_length() -> None:
    """S19: some servers hand on headers of any size, and the site's loop waits."""
    line = (RECEIPT + b"=;") * 100_000
    began = time.process_time()
    _, taken, _ = read([(b"cookie", line)])
    assert len(taken) == 100_000
    assert time.process_time() - began < 5
