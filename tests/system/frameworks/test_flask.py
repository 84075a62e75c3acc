"""The Flask example behind gunicorn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import ROOT
from tests.system.frameworks.behaviour import Behaviour
from tests.system.frameworks.servers import Site, serve

EXAMPLE = ROOT / "examples/flask"


@pytest.fixture(scope="module", params=["gunicorn"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with serve("app:app", request.param, tmp_path_factory.mktemp("flask"), where=EXAMPLE) as site:
        yield site


class TestFlask(Behaviour):
    """`examples/flask` keeps to everything."""

    csrf = True
