"""An import through the dashboard: what the command does, by a file that is never on disk here."""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from askfirst_collector.dashboard.figures import imported as pages
from askfirst_collector.dashboard.layout import upload
from askfirst_collector.store.imported import imports_of
from tests.system.isolation.world import CLUB, World, world
from tests.unit.closing.house import raw_files
from tests.unit.dashboard.conftest import SAME_ORIGIN

pytestmark = pytest.mark.anyio
PATH = f"/sites/{CLUB}/imported"
DAYS = "".join(f"2026-11-{day:02},{70 + day},200\n" for day in range(1, 10))
MATOMO = f"date,nb_uniq_visitors,nb_pageviews\n{DAYS}"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path / "world") as opened:
        yield opened


async def send(
    client: httpx.AsyncClient, content: str | bytes, tool: str = "matomo", **fields: str
) -> httpx.Response:
    """The form, as a browser sends it."""
    page = (await client.get("/account")).text
    csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    values = {"csrf": csrf[1] if csrf else "", "tool": tool, **fields}
    body = content.encode() if isinstance(content, str) else content
    return await client.post(PATH, data=values, files={"file": ("export.csv", body)})


async def test_an_owner_imports_and_forgets(here: World) -> None:
    """One use case for two faces; what was taken is said in the words of the command."""
    async with here.browser("carl") as client:
        assert "Nothing is imported yet" in (await client.get(PATH)).text
        for content in (MATOMO, gzip.compress(MATOMO.encode())):
            answer = await send(client, content)
            assert answer.status_code == 200
            assert "Taken: 9 days, 2026-11-01 to 2026-11-09." in answer.text
        page = (await client.get(PATH)).text
        assert "Import more" in page
        csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
        assert csrf is not None
        fields = {"csrf": csrf[1], "tool": "matomo"}
        for _ in range(2):
            assert (await client.post(f"{PATH}/forget", data=fields)).status_code == 303
    assert imports_of(here.parts.engine, CLUB) == ()


async def test_nothing_is_written_but_what_was_taken(
    here: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No file on the way, not one that has no name: who came is in such an export."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    def no_file(*_arguments: object, **_options: object) -> None:
        raise AssertionError("a temporary file")

    for name in ("TemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, no_file)
    lines = "".join(f"visitor-{n},2026-11-01 10:00:00,/{n % 9}\n" for n in range(60_000))
    content = f"session_id,created_at,url_path\n{lines}"
    assert len(content) > 2_000_000
    async with here.browser("carl") as client:
        assert (await send(client, content, "umami")).status_code == 200
    assert [*folder.iterdir()] == []
    assert b"visitor-1" not in raw_files(here.parts.folder.path)


BAD = [
    ("date,nb_uniq_visitors\n2026-11-01,x\n", "line 2: nb_uniq_visitors is"),
    ("date;nb_uniq_visitors\n2026-11-01;9\n", "columns are separated by semicolons"),
    ("date,nb_uniq_visitors\n2026-11-01,9\n20261102,9\n", "another kind of date than 2026-11-01"),
    ("date,nb_uniq_visitors\n01/11/2026,9\n", "may be two days: write it as 2026-11-30"),
    ("<script>alert(1)</script>\n", "none has the column date"),
    ("date,nb_uniq_visitors\n<script>alert(1)</script>,9\n", "is no day: write it as"),
    (b"\x1f\x8bnot packed", "cannot be read"),
    (b"PK\x03\x04not a zip", "cannot be read"),
    (b"\xff\xfe\x00", "this is not UTF-16"),
    ("", "Choose the tool, and the file that it exported."),
]


@pytest.mark.parametrize(("content", "advice"), BAD)
async def test_a_bad_file_says_what_to_write_and_changes_nothing(
    here: World, content: str | bytes, advice: str
) -> None:
    async with here.browser("carl") as client:
        await send(client, MATOMO)
        answer = await send(client, content)
        again = await send(client, MATOMO, "<script>")
    assert answer.status_code == again.status_code == 422
    assert advice in answer.text
    assert "<script" not in answer.text + again.text
    (kept,) = imports_of(here.parts.engine, CLUB)
    assert kept.days == 9


async def test_a_form_that_is_too_large_or_none_is_refused(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Larger than may be sent, larger unpacked, while another is read, without its token."""
    async with here.browser("carl") as client:
        monkeypatch.setattr(upload, "LARGEST", 1_000)
        assert (await send(client, "x" * 2_000)).status_code == 413
        monkeypatch.setattr(upload, "LARGEST", 16_000_000)
        monkeypatch.setattr(pages, "UNPACKED", 1_000_000)
        bomb = gzip.compress(b"date,nb_uniq_visitors\n" + b"0" * 2_000_000)
        answer = await send(client, bomb)
        assert (answer.status_code, "larger than 1 MB, unpacked" in answer.text) == (422, True)
        files = {"file": ("a.csv", MATOMO.encode())}
        for values in ({}, {"csrf": "0" * 64}):
            answer = await client.post(PATH, data={"tool": "matomo", **values}, files=files)
            assert answer.status_code == 403
        headers = {"content-type": "multipart/form-data"}
        assert (await client.post(PATH, content=b"x", headers=headers)).status_code == 400
        headers["content-type"] += "; boundary=x"
        assert (await client.post(PATH, content=b"--y\r\n", headers=headers)).status_code == 400
        headers["content-type"] += "; charset=undefined"
        field = b'--x\r\nContent-Disposition: form-data; name="tool"\r\n\r\na\r\n--x--\r\n'
        assert (await client.post(PATH, content=field, headers=headers)).status_code == 400
        elsewhere = {**SAME_ORIGIN, "sec-fetch-site": "cross-site"}
        assert (await client.post(PATH, files=files, headers=elsewhere)).status_code == 403
        many = {f"field{n}": "x" for n in range(20)}
        assert (await send(client, MATOMO, "matomo", **many)).status_code == 400
    assert imports_of(here.parts.engine, CLUB) == ()


async def test_a_reader_sees_no_form(here: World) -> None:
    async with here.browser("rita") as client:
        page = (await client.get(PATH)).text
        assert 'type="file"' not in page
        assert "Its owner can import it" in page
        assert (await send(client, MATOMO)).status_code == 403
