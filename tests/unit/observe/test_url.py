"""The quick ways of reading a URL give what the standard's own way gives."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from askfirst.observe.url import read_origin, read_page, read_url

paths = st.from_regex(r"\A(?:/[a-zA-Z0-9_.%-]{0,6}){1,4}(?:\?[a-z=&%+.#-]{0,9})?\Z")
origins = st.from_regex(r"\Ahttps?://[a-zA-Z0-9.-]{1,20}/?\Z") | st.text().map("https://{}".format)


@given(paths)
@example("/a/../b")
@example("/.")
@example("/a/%2e%2e/b")
@example("/x?")
def test_pages(path: str) -> None:
    """A plain path is not changed by ada, and what would be changed is not plain."""
    rooted = "/" + path.lstrip("/")
    assert read_page(path) is not None
    quick, whole = read_page(path), read_url(rooted, "https://site.invalid")
    assert quick is not None and whole is not None  # noqa: PT018
    segments = [part for part in quick.path.split("/") if part]
    assert segments == [part for part in whole.path.split("/") if part]
    assert (quick.host, quick.search) == (whole.host, whole.search)


@given(origins)
@example("https://0x7f.1")
@example("https://a.xn--a")
@example("https://1.2.3.com")
@example("https://a..b")
@example("https://-a.b")
@example("https://" + "a" * 64 + ".com")
@example("https://" + "a." * 140 + "com")
def test_origins(origin: str) -> None:
    """A plain origin has the host that ada sees."""
    assert read_origin(origin) == read_url(origin)
