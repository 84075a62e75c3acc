"""Where a site begins on its origin: by whole segments, and never on another origin."""

from __future__ import annotations

import pytest

from askfirst.http.mount import ROOT, below, mount_at, mounted, raw_path_of, root_of
from askfirst.pages.html import el


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("", ""),
        ("/", ""),
        ("/blog", "/blog"),
        ("/blog/", "/blog"),
        ("/a/b", "/a/b"),
        ("/caf\u00e9", "/caf\u00e9"),
        ("blog", ""),
        ("//evil.example", ""),
        ("/\\evil.example", ""),
        ("/blog?x", ""),
        ("/blog/../admin", ""),
        ('/"><script>', '/"><script>'),
        (None, ""),
    ],
)
def test_a_root_is_a_path(text: object, root: str) -> None:
    """A proxy that hands on a forged prefix leads to no other origin."""
    assert root_of(text) == root


@pytest.mark.parametrize(
    ("path", "inner"),
    [("/blog/x", "/x"), ("/blog", "/"), ("/blog2/x", "/blog2/x"), ("/x", "/x")],
)
def test_whole_segments_alone_are_cut(path: str, inner: str) -> None:
    assert below(path, "/blog") == inner


@pytest.mark.parametrize("path", ["/blog/a b", "/a b"])
def test_the_page_is_the_same_whether_the_proxy_cut_its_root(path: str) -> None:
    """M26: one page is not counted under two names."""
    raw = path.replace(" ", "%20").encode()
    for scope in ({"path": path}, {"path": path, "raw_path": raw}):
        assert raw_path_of({**scope, ROOT: "/blog"}) == "/blog/a%20b"


def test_our_addresses_alone_are_mounted() -> None:
    """A link of the site's own stays as it is; a root is escaped like any text."""
    mount_at(root_of('/"><script>'))
    try:
        assert mounted("/askfirst/policy") == "/%22%3E%3Cscript%3E/askfirst/policy"
        assert mounted("/privacy") == "/privacy"
        assert "<script>" not in el("a", {"href": "/askfirst/policy"})
        assert el("input", {"value": "/askfirst/policy"}) == '<input value="/askfirst/policy">'
    finally:
        mount_at("")
