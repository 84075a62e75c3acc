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


async def test_a_key_is_changed_and_an_older_one_named(tmp_path: Path) -> None:
    """M17: older receipts verify under a new key, until theirs is named; then a proof is needed."""
    data = tmp_path / "data"
    old = Visitor()
    site = Site(data, policy("standard"), Clock())
    await site.answer(old, {"statistics": 2})
    navigated = [(b"sec-fetch-mode", b"navigate")]
    file = (await site.ask(old, "GET", "/askfirst/rights/receipt", headers=navigated)).json
    before = (await site.ask(old, "GET", "/.well-known/askfirst.json")).json["keys"]
    await site.collector.aclose()

    async def keys_after(*arguments: str) -> dict[str, Any]:
        run = CliRunner().invoke(main, ["keys", "rotate", *arguments, "--data", str(data)])
        assert run.exit_code == 0, run.output
        again = Site(data, policy("standard"), Clock())
        keys: dict[str, Any] = (
            await again.ask(Visitor(), "GET", "/.well-known/askfirst.json")
        ).json
        await again.collector.aclose()
        return keys

    rotated = await keys_after("receipts")
    assert rotated["keys"][:1] == before
    assert len(rotated["keys"]) == 2
    assert verify(tmp_path, file, rotated).exit_code == 0
    named = await keys_after("receipts", "--compromised")
    assert [key.get("compromised") is None for key in named["keys"]] == [False, False, True]
    refused = verify(tmp_path, file, named)
    assert refused.exit_code == 1
    assert "only a checkpoint proves it now" in refused.output
    assert (await keys_after("ledger"))["keys"] == named["keys"]
    wrong = CliRunner().invoke(
        main, ["keys", "rotate", "ledger", "--compromised", "--data", str(data)]
    )
    assert (wrong.exit_code, "compromised is for receipts" in wrong.output) == (1, True)
    modes = {path.stat().st_mode & 0o077 for path in (data / "keys").glob("*.keys")}
    assert modes == {0}
