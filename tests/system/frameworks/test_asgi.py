"""The bare ASGI example behind its servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import ROOT
from tests.system.frameworks.behaviour import Behaviour
from tests.system.frameworks.servers import Site, serve

EXAMPLE = ROOT / "examples/asgi"


@pytest.fixture(
    scope="module", params=["uvicorn", pytest.param("hypercorn", marks=pytest.mark.long)]
)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("asgi")
    with serve("app:app", request.param, folder, where=EXAMPLE) as site:
        yield site


class TestAsgi(Behaviour):
    """`examples/asgi` keeps to everything."""

    sessions = False
