"""The FastAPI example behind uvicorn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import ROOT
from tests.frameworks.behaviour import Behaviour
from tests.frameworks.servers import Site, serve


class TestFastAPI(Behaviour):
    """Everything the shared suite asks."""

    @pytest.fixture(scope="class")
    def site(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
        folder = tmp_path_factory.mktemp("fastapi")
        with serve("app:app", "uvicorn", folder, where=ROOT / "examples/fastapi") as site:
            yield site
