"""`askfirst receipt verify`: a file of a real visitor, the keys of a real site, and no network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from askfirst_collector.cli import main
from tests.support.collectors import Clock, policy
from tests.support.whole import Site, Visitor

pytestmark = pytest.mark.anyio


def verify(folder: Path, receipt: Mapping[str, Any] | str, keys: object, *more: str) -> Result:
    file, saved = folder / "receipt.json", folder / "askfirst.json"
    file.write_text(receipt if isinstance(receipt, str) else json.dumps(receipt), "utf-8")
    saved.write_text(json.dumps(keys), "utf-8")
    return CliRunner().invoke(main, ["receipt", "verify", str(file), "--keys", str(saved), *more])


async def test_whoever_has_the_file_and_the_keys_can_check_it(tmp_path: Path) -> None:
    """M17: what a visitor has downloaded is checked at another time, without asking anybody."""
    site = Site(tmp_path / "data", policy("standard"), Clock())
    visitor = Visitor()
    await site.answer(visitor, {"statistics": 2})
    navigated = [(b"sec-fetch-mode", b"navigate")]
    file = (await site.ask(visitor, "GET", "/askfirst/rights/receipt", headers=navigated)).json
    keys = (await site.ask(Visitor(), "GET", "/.well-known/askfirst.json")).json
    await site.collector.aclose()

    genuine = verify(tmp_path, file, keys)
    assert genuine.exit_code == 0, genuine.output
    assert genuine.output.startswith("Genuine: signed by the collector of shop")
    assert "statistics: yes, in detail 2" in genuine.output
    # The signed record alone will do, and keys of the collector itself.
    alone = verify(tmp_path, file["receipt"], {"keys": keys["keys"]}, "--json")
    assert json.loads(alone.output)["granted"] == ["statistics"]

    other = {**keys, "site": "tides"}
    unknown = {**keys, "keys": [{**keys["keys"][0], "kid": "another"}]}
    wrong_secret = {**file, "secret": "A" * 22}
    head, body, signature = file["receipt"].split(".")
    changed = {**file, "receipt": f"{head}.{body}.{signature[:-4]}AAAA"}
    for receipt, listed, why in (
        (file, other, "of the site 'shop'"),
        (file, unknown, "a key that is none of these"),
        (wrong_secret, keys, "the secret beside it"),
        (changed, keys, "signature"),
        ({"secret": "x"}, keys, 'has no "receipt"'),
        ('{"receipt": "a", "receipt": "b"}', keys, "each key of an object once"),
        (file, {"site": "shop"}, 'has no "keys"'),
        ("é", keys, "proves nothing"),
        (file, {"keys": [{"kid": json.loads(alone.output)["leaf"]}]}, "none of these"),
    ):
        refused = verify(tmp_path, receipt, listed)
        assert refused.exit_code == 1
        assert why in refused.output
