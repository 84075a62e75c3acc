"""An object put into S3-compatible storage: the request, signed (AWS Signature Version 4).

By the standard library: a client library resolves names and follows redirects by itself, and what
is sent here goes to the public net alone, to an address that was judged. See "Authenticating
Requests: Using the Authorization Header" in the API reference of Amazon S3.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"


def object_url(folder: str, name: str) -> str:
    """The address of an object in a folder (`https://HOST/BUCKET/PREFIX`)."""
    return f"{folder.rstrip('/')}/{name}"


def signed_put(
    url: str, body: bytes, *, key_id: str, secret: str, region: str, now: float
) -> dict[str, str]:
    """The headers of a PUT of `body` (JSON) to `url`, at a time (unix seconds)."""
    parts = urlsplit(url)
    moment = datetime.fromtimestamp(int(now), UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "content-type": "application/json",
        "host": parts.netloc,
        "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-amz-date": moment,
    }
    value = authorization("PUT", parts.path, headers, key_id, secret, region)
    return {**headers, "user-agent": "askfirst", "authorization": value}


def authorization(
    method: str, path: str, headers: dict[str, str], key_id: str, secret: str, region: str
) -> str:
    """The `Authorization` of a request without a query; `headers` are signed, names in lower case.

    `x-amz-date` and `x-amz-content-sha256` are among them; `path` is as it is in the address.
    """
    names = ";".join(sorted(headers))
    lines = [f"{name}:{headers[name].strip()}" for name in sorted(headers)]
    hashed = headers["x-amz-content-sha256"]
    # `%` was written by whoever wrote the address.
    request = "\n".join((method, quote(path or "/", "/-_.~%"), "", *lines, "", names, hashed))
    moment = headers["x-amz-date"]
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    to_sign = "\n".join((_ALGORITHM, moment, scope, digest))
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    signature = hmac.digest(key, to_sign.encode(), hashlib.sha256).hex()
    return f"{_ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
