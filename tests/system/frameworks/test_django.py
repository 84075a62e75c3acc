"""The Django example behind gunicorn, and behind two servers of the other kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import ROOT
from tests.system.frameworks.behaviour import Behaviour
from tests.system.frameworks.servers import Site, serve

EXAMPLE = ROOT / "examples/django"
SERVERS = {"gunicorn": "serve:wsgi", "uvicorn": "serve:asgi", "hypercorn": "serve:asgi"}


@pytest.fixture(
    scope="module",
    params=["gunicorn", "uvicorn", pytest.param("hypercorn", marks=pytest.mark.long)],
)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("django")
    with serve(SERVERS[request.param], request.param, folder, where=EXAMPLE) as site:
        yield site


class TestDjango(Behaviour):
    """`examples/django` keeps to everything, sync and async."""

    csrf = True
