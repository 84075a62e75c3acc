"""A file in S3-compatible storage: signed as the examples are, and put to a real server."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from askfirst_collector.services import Services
from askfirst_collector.transfers.s3 import authorization
from tests.unit.jobs.listener import Listener

from .house import Clock, answer, deliver_to, entries, run, state_of, visit

# "Signature Calculations for the Authorization Header", API reference of Amazon S3.
_KEY, _SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
_AT = "20130524T000000Z"
_HOST = "examplebucket.s3.amazonaws.com"
_EMPTY = hashlib.sha256(b"").hexdigest()
_BODY = hashlib.sha256(b"Welcome to Amazon S3.").hexdigest()


@pytest.mark.parametrize(
    ("method", "path", "headers", "signature"),
    [
        (
            "GET",
            "/test.txt",
            {
                "host": _HOST,
                "range": "bytes=0-9",
                "x-amz-content-sha256": _EMPTY,
                "x-amz-date": _AT,
            },
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test$file.text",
            {
                "date": "Fri, 24 May 2013 00:00:00 GMT",
                "host": _HOST,
                "x-amz-content-sha256": _BODY,
                "x-amz-date": _AT,
                "x-amz-storage-class": "REDUCED_REDUNDANCY",
            },
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
    ],
)
def test_a_request_is_signed_as_in_the_examples(
    method: str, path: str, headers: dict[str, str], signature: str
) -> None:
    """Byte for byte."""
    value = authorization(method, path, headers, _KEY, _SECRET, "us-east-1")
    names = ";".join(sorted(headers))
    assert value == (
        f"AWS4-HMAC-SHA256 Credential={_KEY}/20130524/us-east-1/s3/aws4_request,"
        f" SignedHeaders={names}, Signature={signature}"
    )


def test_events_are_put_as_a_file(parts: Services, clock: Clock, listener: Listener) -> None:
    """M51: one object a delivery, at the same name wherever it is tried again."""
    storage = {"way": "s3", "key_id": _KEY, "secret": _SECRET, "region": "eu-central-1"}
    _, word = deliver_to(parts, listener, url=listener.url("/bucket/from-shop/"), **storage)
    assert word == ""
    answer(parts, 1)
    visit(parts, 1)
    listener.answers.append((503, {}))
    assert run(parts, listener) == 0
    clock.now += 60
    assert run(parts, listener) == 1
    (entry,) = entries(parts)
    assert {path for path, _, _ in listener.came} == {f"/bucket/from-shop/{entry['message']}.json"}
    for path, headers, body in listener.came:
        assert json.loads(body)["type"] == "askfirst.events"
        assert headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()
        signed = re.search("SignedHeaders=([^,]+)", headers["authorization"])
        assert signed is not None
        names = signed[1].split(";")
        assert {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names)
        again = {name: headers[name] for name in names}
        assert headers["authorization"] == authorization(
            "PUT", path, again, _KEY, _SECRET, "eu-central-1"
        )
        assert _SECRET.encode() not in body + str(headers).encode()
    assert state_of(parts).fault == ""
