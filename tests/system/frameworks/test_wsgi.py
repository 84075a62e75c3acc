"""The bare WSGI example behind its servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import ROOT
from tests.system.frameworks.behaviour import Behaviour
from tests.system.frameworks.servers import Site, serve

EXAMPLE = ROOT / "examples/wsgi"


@pytest.fixture(
    scope="module", params=["gunicorn", pytest.param("granian-wsgi", marks=pytest.mark.long)]
)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with serve("app:app", request.param, tmp_path_factory.mktemp("wsgi"), where=EXAMPLE) as site:
        yield site


class TestWsgi(Behaviour):
    """`examples/wsgi` keeps to everything."""

    sessions = False
