"""What caches are told."""

from __future__ import annotations

import pytest

from askfirst.http.caching import private, vary

ALL = b"Cookie, Sec-GPC, DNT, ADPC"


@pytest.mark.parametrize(
    ("there", "then"),
    [
        ([], [ALL]),
        ([b"Accept-Encoding"], [b"Accept-Encoding, " + ALL]),
        ([b"cookie"], [b"cookie, Sec-GPC, DNT, ADPC"]),
        ([b"DNT, COOKIE", b"adpc, sec-gpc"], [b"DNT, COOKIE", b"adpc, sec-gpc"]),
        ([b"*"], [b"*"]),
        ([b""], [ALL]),
        ([b"Accept", b"Origin"], [b"Accept", b"Origin, " + ALL]),
    ],
)
def test_vary_is_merged(there: list[bytes], then: list[bytes]) -> None:
    """M39: Vary on everything an answer is read from, and on what the application said."""
    found = vary([(b"x", b"y"), *((b"Vary", value) for value in there)])
    assert [value for name, value in found if name.lower() == b"vary"] == then


@pytest.mark.parametrize(
    ("there", "then"),
    [
        ([], b"private"),
        ([b"public, max-age=60"], b"private, max-age=60"),
        ([b"Public, S-MaxAge=600, max-age=60"], b"private, max-age=60"),
        ([b'private="x, y", no-cache="set-cookie, z"'], b'private, no-cache="set-cookie, z"'),
        ([b"no-store"], b"private, no-store"),
        ([b"public", b"max-age=1"], b"private, max-age=1"),
        ([b", ,public,"], b"private"),
    ],
)
def test_no_shared_cache_keeps_it(there: list[bytes], then: bytes) -> None:
    """M39: private, whatever the application said before."""
    found = private([(b"Cache-Control", value) for value in there])
    assert found == [(b"cache-control", then)]


def test_headers_for_shared_caches_alone_are_taken_out() -> None:
    """M39: RFC 9213 lets a cache go by its own header instead."""
    headers = [(b"CDN-Cache-Control", b"max-age=60"), (b"surrogate-control", b"max-age=60")]
    assert private(headers) == [(b"cache-control", b"private")]
