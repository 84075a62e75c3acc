"""`__gpp`: what US signals say of a visitor, from before the answer to its withdrawal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.sdk.conftest import Arrive, Serve
from tests.browser.sdk.site import SCRIPT, Page, page, policy
from tests.browser.sdk.visitor import until

pytestmark = pytest.mark.browser

LINE = '<script src="/askfirst/static/gpp.js" data-ads="marketing"></script>'
TAG = """<script src="/tag.js"></script>"""
LISTEN = """window.told = []; __gpp("addEventListener", ({ eventName, data, pingData }, success) =>
    told.push([eventName, data, pingData.signalStatus, pingData.gppString, success]));"""
# A tag in a frame asks by message, as the specification has it for frames of others.
FRAME = """<!doctype html><script src="/framed.js"></script>"""
FRAMED = """addEventListener("message", ({ data }) => {
    if (data.__gppReturn) document.title += JSON.stringify(data.__gppReturn);
});
const ask = (call) => parent.postMessage({ __gppCall: call }, "*");
for (const parameter of [1, 2, 3]) {
    ask({ command: "removeEventListener", parameter, callId: "r" + parameter });
}
for (const command of [null, {}, "__proto__", "constructor"]) ask({ command, callId: "odd" });
ask({ command: "ping", callId: "c1" });"""
# A frame that listens as often as it can.
CROWD = """let asked = 0, heard = 0, taken = 0;
addEventListener("message", ({ data: { __gppReturn: answer } }) => {
    if (answer?.success && answer.returnValue.eventName !== "listenerRegistered") return;
    heard++;
    taken += answer.success;
    if (heard === 40) document.title = `${taken} of ${heard}`;
});
while (asked < 40) {
    parent.postMessage({ __gppCall: { command: "addEventListener", callId: asked++ } }, "*");
}"""
# What one tag writes into what it was handed.
SPOIL = """__gpp("getSection", ([core]) => { try { core.SaleOptOut = 2; } catch {} }, "usnat");
__gpp("ping", ({ parsedSections: { usnat } }) => {
    try { usnat[0].SensitiveDataProcessing[0] = 2; } catch {}
    try { usnat[0] = {}; } catch {}
});"""
CSP = {
    "content-security-policy": "default-src 'none'; script-src 'self'; connect-src 'self';"
    " style-src 'self'; frame-src 'self'; form-action 'self'"
}
OUT, IN = "DBABLA~CVQVAAAAAACA.QA", "DBABLA~CVQqAAAAAACA.QA"


def call(tab: Any, command: str, parameter: object = None) -> Any:
    """What a command answers: always at once."""
    ask = """([command, parameter]) => {
        let answer;
        __gpp(command, (...words) => { answer = words; }, parameter);
        return answer;
    }"""
    return tab.evaluate(ask, [command, parameter])


def test_signals_of_the_united_states(serve: Serve, arrive: Arrive) -> None:
    """O01, M01, M14: opted out until a grant, and after its withdrawal; nothing is asked for.

    What a tag or a frame of others does to it changes nothing for the rest.
    """
    site = serve(policy())
    for path, source in (("/tag.js", LISTEN), ("/framed.js", FRAMED)):
        site.pages[path] = Page(source, {}, "text/javascript")
    site.pages["/"] = Page(page(head=LINE + TAG, script=SCRIPT).html, CSP)
    site.pages["/frame"] = Page(FRAME, {})
    visitor = arrive(site)
    tab = visitor.open()

    until(tab, lambda: tab.evaluate("told.at(-1)[2]") == "ready")
    ping, success = call(tab, "ping")
    assert success is True
    assert (ping["gppString"], ping["cmpId"], ping["applicableSections"]) == (OUT, 1, [7])
    assert (ping["cmpStatus"], ping["cmpDisplayStatus"]) == ("loaded", "visible")
    assert [event for event, *_ in tab.evaluate("told")] == [
        *("listenerRegistered", "cmpDisplayStatus", "sectionChange", "signalStatus"),
    ]
    assert tab.evaluate("told")[0][2] == "not ready"
    assert call(tab, "getField", "usnat.SaleOptOut") == [1, True]
    assert call(tab, "getField", "usnat.MspaCoveredTransaction") == [2, True]
    assert call(tab, "hasSection", "usca") == [False, True]
    assert call(tab, "constructor") == [None, False]
    assert tab.locator("iframe[name=__gppLocator]").count() == 1
    assert visitor.beyond_static() == []
    assert tab.evaluate("document.cookie + localStorage.length") == "0"

    tab.evaluate(SPOIL)
    assert call(tab, "ping")[0]["gppString"] == OUT

    visitor.answer(tab, "Accept all")
    until(tab, lambda: tab.evaluate("told.at(-1)").__getitem__(3) == IN)
    until(tab, lambda: call(tab, "ping")[0]["signalStatus"] == "ready")
    assert call(tab, "getSection", "usnat")[0][0]["TargetedAdvertisingOptOut"] == 2
    frame = tab.evaluate_handle(
        "document.body.appendChild(Object.assign(document.createElement('iframe'), "
        "{src: '/frame'}))"
    )
    title = "(frame) => frame.contentDocument.title"
    until(tab, lambda: '"callId":"c1"' in frame.evaluate(title))
    assert IN in frame.evaluate(title)
    removed = '"returnValue":false,"success":true,"callId":"r1"'
    assert removed in frame.evaluate(title), "it is the page's own"
    assert frame.evaluate(title).count('"success":false,"callId":"odd"') == 4

    tab.get_by_role("button", name="Withdraw all").click()
    until(tab, lambda: call(tab, "ping")[0]["gppString"] == OUT)
    until(tab, lambda: tab.evaluate("told.at(-1)[3]") == OUT)
    assert call(tab, "removeEventListener", 1) == [True, True]
    assert call(tab, "removeEventListener", 1) == [False, True]
    assert visitor.errors == []


def test_frames_listen_up_to_a_bound(serve: Serve, arrive: Arrive) -> None:
    """S19: a frame of others cannot fill the page's memory; the page's own tags are not held up."""
    site = serve(policy())
    site.pages["/crowd.js"] = Page(CROWD, {}, "text/javascript")
    site.pages["/crowd"] = Page('<!doctype html><script src="/crowd.js"></script>', {})
    site.pages["/"] = Page(page(head=LINE, script=SCRIPT).html, CSP)
    tab = arrive(site).open()
    put = """() => document.body.appendChild(Object.assign(document.createElement("iframe"),
        { src: "/crowd" }))"""
    title = "(frame) => frame.contentDocument?.title"
    for _ in range(2):
        frame = tab.evaluate_handle(put)
        until(tab, lambda frame=frame: frame.evaluate(title) == "32 of 40")  # type: ignore[misc]
        assert call(tab, "addEventListener")[1] is True
        # Whose frame is gone listens no more.
        frame.evaluate("(frame) => frame.remove()")
