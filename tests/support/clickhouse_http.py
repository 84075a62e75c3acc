"""ClickHouse's engine behind its HTTP interface, as far as a client of ours needs it: a process.

python -m tests.support.clickhouse_http FOLDER PORT

The engine is real (chDB), the server is not: no sign-in, no replicas, no sessions, no compression.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

# What is no setting of the engine.
_OF_HTTP = re.compile(
    r"param_|(query|database|default_format|session_.*|query_id|quota_key|compress|decompress|user"
    r"|password|wait_end_of_query|buffer_size|client_protocol_version|role|enable_http_compression"
    r"|send_progress_in_http_headers|http_headers_progress_interval_ms)$"
)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_INSERT = re.compile(r"\s*INSERT\s+INTO\b(.*?)\bFORMAT\s+(\w+)[ \t]*\n?", re.IGNORECASE | re.DOTALL)


class Engine:
    """One engine; each thread has a connection of its own."""

    def __init__(self, path: str) -> None:
        import chdb

        self._connect = lambda: chdb.connect(path)
        self._first = self._connect()
        self._local = threading.local()

    def answer(self, sent: Mapping[str, str], body: bytes) -> tuple[bytes, str, int]:
        """What a request gives: bytes, their format, rows written."""
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
        connection = self._local.connection
        settings = {name: value for name, value in sent.items() if not _OF_HTTP.match(name)}
        connection.query(f"USE `{sent.get('database') or 'default'}`", "TSV")
        for name, value in settings.items():
            connection.query(f"SET {name} = {_quoted(value)}", "TSV")
        try:
            return self._run(connection, sent, body)
        finally:
            for name in settings:
                connection.query(f"SET {name} = DEFAULT", "TSV")

    def _run(self, connection: Any, sent: Mapping[str, str], body: bytes) -> tuple[bytes, str, int]:
        text = sent.get("query", "").encode()
        whole = text + b"\n" + body if text else body
        insert = _INSERT.match(whole.decode("latin-1"))
        if insert:
            into, kind = insert.groups()
            with connection.send_insert(f"INSERT INTO {into}", kind) as stream:
                stream.append(whole[insert.end() :])
                written: int = stream.finish().rows_written
            return b"", "", written
        query = whole.decode()
        named = _FORMAT.search(query)
        kind = named[1] if named else sent.get("default_format", "TabSeparated")
        names = {name[6:]: value for name, value in sent.items() if name.startswith("param_")}
        answer = connection.query(query, kind, params=names).bytes() or b""
        return answer, kind if answer or named else "", 0


def app(engine: Engine) -> Starlette:
    pool = ThreadPoolExecutor(4)

    async def handle(request: Request) -> Response:
        if request.url.path == "/ping":
            return Response(b"Ok.\n")
        sent = dict(request.query_params)
        body = b""
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            sent |= {name: str(value) for name, value in (await request.form()).items()}
        else:
            body = await request.body()
        headers = {"X-ClickHouse-Query-Id": sent.get("query_id") or str(uuid.uuid4())}
        headers["X-ClickHouse-Timezone"] = "UTC"
        try:
            future = pool.submit(engine.answer, sent, body)
            answer, kind, written = await run_in_threadpool(future.result)
        except Exception as error:
            code = re.search(r"Code: (\d+)", str(error))
            headers["X-ClickHouse-Exception-Code"] = code[1] if code else "0"
            return Response(str(error).encode(), status_code=500, headers=headers)
        if kind:
            headers["X-ClickHouse-Format"] = kind
        headers["X-ClickHouse-Summary"] = json.dumps({"written_rows": str(written)})
        return Response(answer, headers=headers, media_type="application/octet-stream")

    return Starlette(routes=[Route("/{path:path}", handle, methods=["GET", "POST"])])


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


if __name__ == "__main__":
    uvicorn.run(app(Engine(sys.argv[1])), port=int(sys.argv[2]), log_level="error")
