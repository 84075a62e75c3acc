"""The examples of the document work: each is what its operation takes, as it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from askfirst_collector.openapi.admin_collectors import EXAMPLE
from askfirst_collector.openapi.document import AREAS
from askfirst_collector.openapi.example import ORIGIN, SITE
from askfirst_collector.openapi.operation import Operation
from askfirst_collector.openapi.security import API_TOKEN
from tests.unit.openapi.world import OTHER, Collector, serving

NAMES = {"site": SITE, "name": EXAMPLE["collector"]}
MEMBER = {**NAMES, "name": OTHER}
LAST = ("setCollectorState", "saveHostPolicy")  # they change what the others speak of


def shown() -> list[tuple[Operation, str, Any]]:
    """Every example of a body, in the order in which a reader meets them."""
    found = [
        (operation, name, example)
        for area in AREAS
        for operation in area.operations
        if operation.body is not None
        for name, example in operation.body.examples.items()
    ]
    return sorted(found, key=lambda each: each[0].id in LAST)


def send(collector: Collector, operation: Operation, name: str, example: Any) -> str:
    """The status, and what was said, of an example sent by whom it is for."""
    headers = {"content-type": "application/json"}
    if operation.security == (API_TOKEN,):
        headers["authorization"] = f"Bearer {collector.tokens[0]}"
    elif name in ("script", "refusal"):
        headers["origin"] = ORIGIN
    else:
        headers["authorization"] = f"Bearer {collector.key}"
    path = operation.path.format(**(MEMBER if "members" in operation.path else NAMES))
    answer = httpx.request(operation.method, collector.url + path, json=example, headers=headers)
    return f"{answer.status_code} {answer.text}"


def test_each_is_taken_as_it_stands(tmp_path: Path) -> None:
    """Each is answered as its operation says, not refused."""
    with serving(tmp_path / "data") as collector:
        told = {(each[0].id, each[1]): send(collector, *each) for each in shown()}
    assert len(told) >= 10
    assert {which: said for which, said in told.items() if not said.startswith("2")} == {}
