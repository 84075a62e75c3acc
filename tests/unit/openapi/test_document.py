"""`/openapi.json`: what it says is what the code does, and what is committed."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from askfirst.errors import STATUS, Reason
from askfirst_collector.api.visitors import EVENTS, SCRIPTED, Face
from askfirst_collector.app import collector_routes
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.ingest.events import open_events
from askfirst_collector.openapi.document import AREAS, document
from askfirst_collector.services import Services
from tests.conftest import ROOT

ASGI = "https://collector.example"


def test_it_is_openapi() -> None:
    """Valid by OpenAPI 3.1, its schemas and their defaults included."""
    OpenAPIV31SpecValidator(document()).validate()


def test_every_route_is_described(parts: Services) -> None:
    """ "True to the code for every `/v1` path": a route without an operation, or the reverse."""
    routed = {("POST", EVENTS), *(("OPTIONS", path) for path in SCRIPTED)}
    for route in collector_routes(parts, Face(parts, open_events(parts))):
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        routed |= {(method, path) for method in route.methods or () if method != "HEAD"}
    described = {
        (operation.method.upper(), operation.path)
        for area in AREAS
        for operation in area.operations
    }
    assert described == routed


def test_ids_and_schemas_are_used_once() -> None:
    """An operation id names one operation; a schema's name is one area's."""
    ids = [operation.id for area in AREAS for operation in area.operations]
    assert len(ids) == len(set(ids))
    names = [name for area in AREAS for name in area.schemas]
    assert len(names) == len(set(names))


def test_it_is_committed() -> None:
    """docs/openapi.json is what the code says: scripts/build-openapi writes it."""
    assert runpy.run_path(str(ROOT / "scripts/openapi.py"))["stale"]() == []


def _code() -> str:
    """Everything between a request to `/v1` and its answer."""
    rooms = [ROOT / "collector/askfirst_collector" / name for name in ("ingest", "admin")]
    return "\n".join(path.read_text("utf-8") for room in rooms for path in room.rglob("*.py"))


def test_every_reason_the_code_gives_is_described() -> None:
    """No handler of `/v1` refuses for a reason that no operation has."""
    given = {Reason[name] for name in re.findall(r"\bReason\.([A-Z0-9_]+)", _code())}
    described = {
        reason for area in AREAS for operation in area.operations for reason in operation.refusals
    }
    assert described <= set(STATUS)
    assert given - described <= {"method-not-allowed"}  # of no operation: it is none


def _examples() -> list[tuple[str, Any, Any]]:
    found = []
    for path, item in document()["paths"].items():
        for operation in item.values():
            contents = [operation.get("requestBody", {}).get("content", {})]
            contents += [each.get("content", {}) for each in operation["responses"].values()]
            for content in contents:
                for media in content.values():
                    told = [each["value"] for each in media.get("examples", {}).values()]
                    told += [media["example"]] if "example" in media else []
                    found += [(f"{operation['operationId']} {path}", media, each) for each in told]
    return found


@pytest.mark.parametrize(("where", "media", "example"), _examples(), ids=lambda x: str(x)[:40])
def test_examples_fit_their_schemas(where: str, media: dict[str, Any], example: Any) -> None:
    """Each example is one of what its schema takes."""
    schema = {**media["schema"], "components": document()["components"]}
    Draft202012Validator(schema).validate(example)


@pytest.mark.anyio
async def test_it_is_served(tmp_path: Path) -> None:
    """As it is committed, and not again to whoever has it."""
    collector = EmbeddedCollector(tmp_path, jobs=False)
    try:
        transport = httpx.ASGITransport(collector.app)
        async with httpx.AsyncClient(transport=transport, base_url=ASGI) as client:
            answer = await client.get("/openapi.json")
            assert answer.content == (ROOT / "docs/openapi.json").read_bytes()
            assert answer.headers["content-type"] == "application/json"
            known = {"if-none-match": answer.headers["etag"]}
            again = await client.get("/openapi.json", headers=known)
            assert (again.status_code, again.content) == (304, b"")
            lost = await client.get("/openapi")
            assert json.loads(lost.content)["reason"] == "not-found"
    finally:
        await collector.aclose()


@pytest.mark.anyio
async def test_other_methods_are_told_which_there_are(tmp_path: Path) -> None:
    """RFC 9110, section 15.5.6: 405 lists every method of the path, and no more."""
    collector = EmbeddedCollector(tmp_path, jobs=False)
    try:
        transport = httpx.ASGITransport(collector.app)
        async with httpx.AsyncClient(transport=transport, base_url=ASGI) as client:
            for path, item in document()["paths"].items():
                answer = await client.patch(re.sub(r"{\w+}", "a", path))
                assert answer.status_code == 405
                allowed = set(answer.headers["allow"].split(", ")) - {"HEAD"}
                assert allowed == {method.upper() for method in item} - {"OPTIONS"}
            if_asked = await client.options("/v1/terms", headers={"origin": "https://a.example"})
            assert (if_asked.status_code, if_asked.headers["allow"]) == (405, "GET, HEAD")
    finally:
        await collector.aclose()
