"""The notice as a visitor meets it: a page object, so that the tests read as visits."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page, Response, expect

from tests.unit.gate.shown import Page as Markup

STATE = "__Host-askfirst"
RECEIPT = "__Host-askfirst-receipt"


class NoticePage:
    """A page of a site with the notice on it, or without."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.violations: list[str] = []
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.violations.append(str(error)))

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and "status of" not in text and "ERR_" not in text:
            self.violations.append(text)

    def open(self, path: str = "/") -> NoticePage:
        self.page.goto(self.address + path)
        return self

    @property
    def notice(self) -> Locator:
        return self.page.locator("#askfirst-notice")

    @property
    def control(self) -> Locator:
        return self.page.locator("#askfirst-control")

    @property
    def dialog(self) -> Locator:
        return self.page.locator("dialog.askfirst-dialog")

    @property
    def reject(self) -> Locator:
        return self.notice.locator(".askfirst-actions button").nth(0)

    @property
    def accept(self) -> Locator:
        return self.notice.locator(".askfirst-actions button").nth(1)

    def answering(self, act: Callable[[], object]) -> Response:
        """Do something that answers, and wait for what the site says to it."""
        with self.page.expect_response(lambda r: r.url.endswith("/askfirst/consent")) as told:
            act()
        return told.value

    def expect_present(self, *parts: str) -> None:
        """The control shows all of this as the present choice."""
        for part in parts:
            expect(self.control.get_by_role("link")).to_contain_text(part)

    def cookies(self) -> set[str]:
        return {str(cookie["name"]) for cookie in self.page.context.cookies()}

    def markup(self) -> Markup:
        return Markup(self.page.content())
