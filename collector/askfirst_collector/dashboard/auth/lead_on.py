"""Where a member was going when they were asked to sign in: a page of the dashboard, or its first.

The address travels in the query and in a form, so it is anybody's word: only a path below the
dashboard is taken, and none that leads out of it.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.requests import Request

from askfirst.contracts.origin import local_path

SIGN_IN = "/sign-in"


def path_after(wanted: str | None) -> str:
    """The path below the dashboard to go on to; `/` for whatever leads elsewhere."""
    path = local_path(wanted)
    segments = urlsplit(path).path.lower().replace("%2e", ".").split("/")
    return "/" if {".", ".."} & set(segments) or path.startswith(SIGN_IN) else path


def sign_in_path(request: Request) -> str:
    """The sign-in page that leads back to what was asked for; a form is never sent again."""
    if request.method not in ("GET", "HEAD"):
        return SIGN_IN
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    wanted = path_after(f"{path}?{request.url.query}" if request.url.query else path)
    return SIGN_IN if wanted == "/" else f"{SIGN_IN}?to={quote(wanted, safe='/')}"
