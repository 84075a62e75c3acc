"""A form with a file: read in memory, so that nothing of it is ever a file here."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from askfirst.contracts.body import read_body
from askfirst.errors import Reason, Refused
from askfirst_collector.dashboard.layout.forms import Visit, check_csrf, from_ourselves

LARGEST = 16_000_000  # bytes of a form
SLOWEST = 120.0  # seconds until it must be whole
MOST_FIELDS = 8
LARGEST_FIELD = 1_000  # bytes


@dataclass(frozen=True)
class Upload:
    """The fields of a form by name, and its file: None where none was chosen."""

    fields: dict[str, str]
    name: str
    content: bytes | None


class _InMemory(MultiPartParser):
    spool_max_size = LARGEST  # which none reaches: no file is made on disk


async def read_upload(request: Request, visit: Visit) -> Upload:
    """A form of this session with a file; 403 for others, 413, 408 or 400 where it is not whole."""
    if not from_ourselves(request):
        raise HTTPException(403, "This form was not sent from the dashboard.")
    headers = request.scope["headers"]
    try:
        body = await read_body(headers, request.receive, largest=LARGEST, seconds=SLOWEST)
    except Refused as error:
        too_large = f"The file is larger than {LARGEST // 1_000_000} MB."
        is_large = error.reason == Reason.TOO_LARGE
        detail = too_large if is_large else "The file did not come in time."
        raise HTTPException(error.status, detail) from error
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise HTTPException(403, "The form has no token of this session. Open the page again.")
    try:
        form = await _parser(request, body).parse()
    except (MultiPartException, ValueError) as error:  # of a charset that is none
        raise HTTPException(400, "The form cannot be read.") from error
    upload = _upload(form)
    await form.close()
    check_csrf(visit, upload.fields)
    return upload


def _parser(request: Request, body: bytes) -> MultiPartParser:
    async def whole() -> AsyncGenerator[bytes, None]:
        yield body

    limits = {"max_fields": MOST_FIELDS, "max_part_size": LARGEST_FIELD}
    return _InMemory(request.headers, whole(), max_files=1, **limits)


def _upload(form: FormData) -> Upload:
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    files = (value for value in form.values() if isinstance(value, UploadFile))
    file = next((file for file in files if file.size), None)
    return Upload(fields, (file and file.filename) or "", file.file.read() if file else None)
