"""The editions of a site: what each asked beyond the one before, with its words as archived."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.pages.describe_changes import sentences
from askfirst.pages.words import words_in
from askfirst.terms.edition import Edition, Editions, widenings
from askfirst_collector.catalogue.notice_archive import notice_hash
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.site import SiteLayout
from askfirst_collector.members.permissions import may
from askfirst_collector.services import Services


@dataclass(frozen=True)
class Step:
    """One edition after another; `questions` holds, by purpose, the sentences visitors read."""

    edition: Edition
    first: bool
    questions: dict[str, tuple[str, ...]]
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def narrows(self) -> bool:
        """Whether nobody was asked anything again."""
        return not (self.first or self.questions or self.added)


class EditionPages:
    """The handlers."""

    def __init__(self, parts: Services, layout: SiteLayout) -> None:
        self._parts = parts
        self._layout = layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        site = "/sites/{site}/editions"
        return [
            Page(site, "site.read", self.show),
            Page(f"{site}/{{number}}", "site.read", self.show_one),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """Every edition, newest first, and the one to come."""

        def shown() -> Response:
            site = self._site(request)
            changes = may(visit.member, "site.change", site.name)
            waiting = self._parts.registry.scheduled(site.name) if changes else None
            rows = steps(site.editions)[::-1]
            return self._layout.page(request, visit, "editions.html", rows=rows, scheduled=waiting)

        return await run_in_threadpool(shown)

    async def show_one(self, request: Request, visit: Visit) -> Response:
        """One edition, whole."""

        def shown() -> Response:
            site, number = self._site(request), request.path_params["number"]
            step = next((x for x in steps(site.editions) if str(x.edition.number) == number), None)
            if step is None:
                raise HTTPException(404)
            edition = step.edition
            return self._layout.page(
                request,
                visit,
                "edition.html",
                step=step,
                edition=edition,
                current=edition is site.editions.current,
                documents=[
                    ("The site’s policy", as_toml(edition.policy.document)),
                    *(
                        (f"The collector {name}", as_toml(edition.placed[name].document))
                        for name in sorted(edition.placed)
                    ),
                ],
                words=[self._words(edition, language) for language in edition.policy.languages],
            )

        return await run_in_threadpool(shown)

    def _words(self, edition: Edition, language: str) -> tuple[str, str, Any]:
        digest = notice_hash(edition, language)
        body = self._parts.notices.words(digest)
        return language, digest, None if body is None else json.loads(body)

    def _site(self, request: Request) -> Site:
        site = self._parts.registry.site(request.path_params["site"])
        if site is None:
            raise HTTPException(404)
        return site


def steps(editions: Editions) -> list[Step]:
    """Each edition held against the one before, oldest first."""
    history, before = [], None
    for edition in editions:
        history.append(_step(before, edition))
        before = edition
    return history


def _step(before: Edition | None, edition: Edition) -> Step:
    if before is None:
        return Step(edition, True, {}, edition.every, ())
    languages = edition.policy.languages
    words, pair = (
        words_in(languages[0] if languages else "en", edition.policy),
        Editions((before, edition)),
    )
    questions = {}
    for name in edition.every:
        purpose = edition.purpose(name)
        wider = widenings(pair, name, before.number) if name in before.every else ()
        if purpose is not None and wider:
            questions[name] = sentences(wider, words, purpose.terms)
    added = tuple(name for name in edition.every if name not in before.every)
    removed = tuple(name for name in before.every if name not in edition.every)
    return Step(edition, False, questions, added, removed)
