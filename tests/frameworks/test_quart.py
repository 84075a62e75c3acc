"""The Quart example behind hypercorn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import ROOT
from tests.frameworks.behaviour import Behaviour
from tests.frameworks.servers import Site, serve


class TestQuart(Behaviour):
    """Everything the shared suite asks."""

    @pytest.fixture(scope="class")
    def site(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
        folder = tmp_path_factory.mktemp("quart")
        with serve("app:app", "hypercorn", folder, where=ROOT / "examples/quart") as site:
            yield site
