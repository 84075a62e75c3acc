"""Placing a collector and changing its terms; cut to what is allowed only where that is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import PolicyError, Problem, Reason, Refused
from askfirst.terms.canonical import canonical
from askfirst.terms.placed import Placed, clamped, read_placed
from askfirst.terms.policy import Policy
from askfirst_collector.catalogue.placed import PlacedCollector
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.dashboard.host_policy.form import differences
from askfirst_collector.dashboard.layout.forms import Visit, read_number
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.problems import problem_texts
from askfirst_collector.dashboard.layout.site import SiteLayout, read_policy_form, to
from askfirst_collector.dashboard.placed.form import document_of, field_of, fields_of, uses_of
from askfirst_collector.explain import explain
from askfirst_collector.members.permissions import may
from askfirst_collector.services import Services
from askfirst_collector.usecases.placed_collectors import save_collector


class CollectorEdit:
    """The handlers; what is typed comes back until it is saved."""

    def __init__(self, parts: Services, layout: SiteLayout) -> None:
        self._parts = parts
        self._members = parts.members
        self._layout = layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        new, edit = "/sites/{site}/place", "/sites/{site}/collectors/{collector}/edit"
        return [
            Page(new, "collector.add", self.show),
            Page(new, "collector.add", self.save, "POST"),
            Page(edit, "collector.change", self.show),
            Page(edit, "collector.change", self.save, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """The fields, or the TOML, of a new collector or a saved one."""
        return await run_in_threadpool(lambda: self._form(request, visit))

    async def save(self, request: Request, visit: Visit) -> Response:
        """Save it; with conflicts nothing is, and each stands beside its field."""
        form = await read_policy_form(request, visit)
        return await run_in_threadpool(self._save, request, visit, form)

    def _save(self, request: Request, visit: Visit, form: dict[str, str]) -> Response:
        site, before = self._policy(request), self._before(request)
        document: dict[str, Any] | str = form.get("document") or form.get("text") or ""
        try:
            if not document:
                document = document_of(form, site, before.placed.document if before else None)
            placed = read_placed(document)
            self._check_names(placed, site, before)
            conflicts = self._parts.placed_collectors.check(placed)
        except PolicyError as error:
            return self._form(request, visit, form, problems=error.problems)
        if conflicts and form.get("do") == "clamp":
            return self._cut(request, visit, form, placed, site, conflicts)
        if conflicts:
            return self._form(request, visit, form, problems=conflicts, status=409, placed=placed)
        try:
            save_collector(
                self._parts,
                visit.member,
                placed,
                owner=self._owner(visit, form),
                expected=read_number(form),
            )
        except PolicyError as error:
            return self._form(request, visit, form, problems=error.problems, status=409)
        except Refused as error:
            if error.reason != Reason.CHANGED_MEANWHILE:
                raise
            return self._form(
                request, visit, form, status=409, theirs=message(error), placed=placed
            )
        return to(request, f"/sites/{site.site}/collectors/{placed.name}")

    def _cut(
        self,
        request: Request,
        visit: Visit,
        form: dict[str, str],
        placed: Placed,
        site: Policy,
        conflicts: tuple[Problem, ...],
    ) -> Response:
        """Show what would be left, before anything is saved."""
        cut = clamped(placed, site)
        problems = self._parts.placed_collectors.check(cut) if cut is not None else conflicts
        if cut is None or problems:
            problem = "Cut to what is allowed, nothing would be left of it."
            return self._form(
                request, visit, form, problems=problems, status=409, problem=problem, placed=placed
            )
        return self._layout.page(
            request,
            visit,
            "collector-cut.html",
            placed=cut,
            cut=problem_texts(conflicts),
            changed=differences(placed.document, cut.document),
            purposes=explain(cut.policy),
            document=canonical(cut.document).decode(),
            form=form,
        )

    def _form(
        self,
        request: Request,
        visit: Visit,
        form: dict[str, str] | None = None,
        *,
        problems: tuple[Problem, ...] = (),
        status: int = 422,
        problem: str = "",
        theirs: str = "",
        placed: Placed | None = None,
    ) -> Response:
        site, before = self._policy(request), self._before(request)
        saved = before.placed.document if before else None
        typed = "text" in form if form is not None else request.query_params.get("as") == "toml"
        fields = form
        if fields is None:
            fields = fields_of(saved, site)
        elif "document" in fields and placed is not None:
            fields = fields_of(placed.document, site)
        beside: dict[str, str] = {}
        rest = []
        for conflict in problem_texts(problems):
            field = "" if typed else field_of(conflict.pointer)
            words = (
                f"Allowed: {conflict.allowed}. {conflict.advice}"
                if conflict.link
                else conflict.advice
            )
            if field:
                beside.setdefault(field, words)
            else:
                rest.append(conflict)
        version = before.version if before else 0
        return self._layout.page(
            request,
            visit,
            "collector-edit.html",
            status=status if form is not None else 200,
            before=before,
            policy=site,
            form=fields,
            uses=uses_of(site, fields),
            languages=(fields.get("languages") or " ".join(site.languages)).split(),
            beside=beside,
            rest=rest,
            conflicts=problem_texts(problems),
            may_cut=status == 409 and bool(problems) and not problem,
            problem=problem,
            theirs=theirs,
            changed=differences(saved, placed.document) if theirs and saved and placed else [],
            expected=version if theirs or form is None else form.get("expected", version),
            as_text=typed,
            text=(form or {}).get("text") or as_toml(saved or _example(site)),
            owners=self._owners(visit),
            owner=(form or {}).get("owner") or (before.owner if before else visit.member.name),
        )

    def _check_names(self, placed: Placed, site: Policy, before: PlacedCollector | None) -> None:
        if before is not None and placed.name != before.name:
            message = f"write {before.name!r}: a collector keeps its name"
            raise PolicyError([Problem("/collector", placed.name, message)])
        if placed.policy.site != site.site:
            message = f"write {site.site!r}: it is placed on that site"
            raise PolicyError([Problem("/site", placed.policy.site, message)])
        if before is None and self._parts.placed_collectors.get(site.site, placed.name) is not None:
            message = "choose another name: this site has a collector of this one"
            raise PolicyError([Problem("/collector", placed.name, message)])

    def _policy(self, request: Request) -> Policy:
        site = self._parts.registry.site(request.path_params["site"])
        if site is None:
            raise HTTPException(404)
        return site.editions.current.policy

    def _before(self, request: Request) -> PlacedCollector | None:
        name = request.path_params.get("collector")
        if name is None:
            return None
        collector = self._parts.placed_collectors.get(request.path_params["site"], name)
        if collector is None:
            raise HTTPException(404)
        return collector

    def _owners(self, visit: Visit) -> tuple[str, ...]:
        """Whom a host admin may give it to; nobody else gives one away."""
        if not may(visit.member, "member.change"):
            return ()
        return tuple(member.name for member in self._members.all() if member.role != "reader")

    def _owner(self, visit: Visit, form: Mapping[str, str]) -> str | None:
        owner = form.get("owner", "")
        return owner if owner in self._owners(visit) else None


def _example(site: Policy) -> dict[str, Any]:
    """What the TOML of a new collector starts from: the first purpose of its site, made small."""
    name = next(iter(site.asked), "statistics")
    fields = {**fields_of(None, site), "collector": "tides", "pages": "/tides/**"}
    for language in site.languages:
        fields[f"use.{name}.title.{language}"] = "What visitors read"
        fields[f"use.{name}.description.{language}"] = "What for, in a sentence."
    return document_of({**fields, f"use.{name}.on": "1"}, site, None)
