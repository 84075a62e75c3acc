"""The changes of webhooks: of the host, of a site, and of a placed collector."""

from __future__ import annotations

from collections.abc import Iterator

from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.webhooks import save_webhook
from tests.system.isolation.world import CLUB, World

from .faces import Call, Command, Form, Row, Values, nothing

_OLD, _NEW = "https://old.example/a-secret-path", "https://new.example/hook"
_SITE = {"site": CLUB}
_API, _TIDES = "/v1/admin/sites/{site}", {"site": CLUB, "collector": "tides"}
# Whose it is, where the dashboard has it, where `/v1/admin` does, what fills both, and a command's
# words.
_PLACES: tuple[tuple[str, str, str, Values, tuple[str, ...]], ...] = (
    ("host", "/host-policy/webhook", "/v1/admin/webhook", {}, ()),
    ("site", "/sites/{site}/webhook", f"{_API}/webhook", _SITE, ("--site", CLUB)),
    (
        "collector",
        "/sites/{site}/collectors/{collector}/webhook",
        f"{_API}/collectors/{{collector}}/webhook",
        _TIDES,
        ("--site", CLUB, "--collector", "tides"),
    ),
)


def _told(world: World) -> Values:
    for names in ({}, _SITE, _TIDES):
        save_webhook(world.parts, ON_THE_MACHINE, _OLD, **names)
    return {}


def _rows() -> Iterator[Row]:
    for whose, page, path, fills, words in _PLACES:
        for case, prepare in ((whose, nothing), (f"{whose}-changed", _told)):
            yield Row(
                "save_webhook",
                ("webhook.set",),
                {
                    "dashboard": Form(page, {"url": _NEW}, fills),
                    "api": Call("PUT", path, {"url": _NEW}, fills),
                    "command": Command(("webhook", "set", _NEW, *words)),
                },
                case=case,
                prepare=prepare,
            )
        remove = {
            "dashboard": Form(page, {"url": _OLD, "do": "remove"}, fills),
            "api": Call("DELETE", path, fills=fills),
            "command": Command(("webhook", "remove", *words)),
        }
        yield Row("remove_webhook", ("webhook.remove",), remove, case=whose, prepare=_told)
        yield Row("remove_webhook", (), remove, case=f"{whose}-unknown", allowed=False)
        test = {
            "dashboard": Form(page, {"url": _OLD, "do": "test"}, fills),
            "api": Call("POST", f"{path}/test", fills=fills),
            "command": Command(("webhook", "test", *words)),
        }
        yield Row("send_test", ("webhook.test",), test, case=whose, prepare=_told)
        yield Row("send_test", (), test, case=f"{whose}-unknown", allowed=False)


ROWS = tuple(_rows())
