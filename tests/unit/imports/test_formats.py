"""Exports of five tools, as each writes them: what is taken, and what is said of a bad file."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest

from askfirst_collector.imports.cells import PAGE, SOURCE, TOTAL, Cell
from askfirst_collector.imports.formats import FORMATS
from askfirst_collector.imports.problems import ImportProblems
from askfirst_collector.imports.table_file import Export

GA4 = """# ----------------------------------------
# shop
# Free form-Free form 1
# 20260723-20260922
# ----------------------------------------

Date,Active users,Views
,211,847,Grand total
20260826,44,163
20260825,33,120
"""
GA4_PAGES = """# Free form
# 20260723-20260922

Date,Page path and screen class,Active users,Event count,Views
,,211,847,309,Grand total
20260826,/,44,163,68
20260826,"/a, b",20,63,30
20260825,/,4,5,5
"""
GA4_REPORT = """# ----------------------------------------
# Reports snapshot
# Account: shop
# ----------------------------------------
#
# All Users
# Start date: 20260101
# End date: 20260103

Nth day,Active users
0000,12
0002,15

City,Active users
Cork,20
"""
PLAUSIBLE = """"date","visitors","pageviews","bounces","visits","visit_duration"
"2025-12-25",50,500,2,70,8640
"2025-12-26",3,4,2,3,43
"""
PLAUSIBLE_PAGES = """"date","hostname","page","visits","visitors","pageviews"
"2025-12-25","shop.example","/",50,45,200
"2025-12-26","shop.example","/",3,3,4
"2025-12-26","shop.example","/rare",1,1,1
"""
GOATCOUNTER = (
    "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,"
    "Location,FirstVisit,Date\n"
    "/,Home,false,Mozilla/5.0 canary,Firefox,Linux,a,0,google.com,h,1440x900,IE,true,"
    "2026-07-09T01:00:00Z\n"
    "/x,X,false,,Firefox,Linux,a,0,,,1440x900,IE,false,2026-07-09T01:05:00Z\n"
    "/,Home,false,,Firefox,Linux,b,0,,,1920x1080,IE,true,2026-07-09T22:30:00Z\n"
    "/,Home,false,,Chrome,Linux,c,1,,,1280x720,DE,true,2026-07-09T02:00:00Z\n"
    "buy,Buy,true,,Chrome,Mac OS,d,0,,,1440x900,IE,true,2026-07-09T03:00:00Z\n"
)
UMAMI = (
    "website_id,session_id,visit_id,event_id,hostname,browser,os,device,screen,language,country,"
    "region,city,url_path,url_query,referrer_path,referrer_query,referrer_domain,page_title,"
    "event_type,event_name,tag,distinct_id,created_at\n"
    "w,s1,v1,e1,shop.example,chrome,Linux,laptop,1x1,en,IE,,,/,,,,google.com,Home,1,,,,"
    "2026-09-21 10:00:00\n"
    "w,s1,v1,e2,shop.example,chrome,Linux,laptop,1x1,en,IE,,,/,,,,,Home,1,,,,2026-09-21 10:01:00\n"
    "w,s2,v2,e3,shop.example,chrome,Linux,laptop,1x1,en,IE,,,/x,,,,,X,2,buy,,,2026-09-21 11:00:00\n"
)
MATOMO = """date,nb_uniq_visitors,nb_users,nb_visits,nb_actions,nb_pageviews
2024-02-28,30,0,40,99,90
2024-02-29,31,0,41,98,80
"""


def utc(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def cells(folder: Path, tool: str, content: str | bytes, size: int = 1) -> list[Cell]:
    """What is taken of a file."""
    path = folder / "export.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(FORMATS[tool].read(Export.at(path), utc).cells(size))


def days(found: list[Cell]) -> list[tuple[str, int | None, int | None]]:
    return [(str(c.day), c.visitors, c.views) for c in found if c.table == TOTAL]


def values(found: list[Cell], table: str) -> list[tuple[str, str, int | None, int | None]]:
    return [(str(c.day), c.value, c.visitors, c.views) for c in found if c.table == table]


def zipped(folder: Path, **files: str) -> bytes:
    path = folder / "made.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.csv", text)
    return path.read_bytes()


def test_google_analytics_by_day(tmp_path: Path) -> None:
    """An exploration, its comments and its grand total; a byte order mark before."""
    taken = cells(tmp_path, "google-analytics", b"\xef\xbb\xbf" + GA4.encode())
    assert days(taken) == [("2026-08-25", 33, 120), ("2026-08-26", 44, 163)]


def test_google_analytics_by_day_and_page(tmp_path: Path) -> None:
    """Views of pages add up to a day; visitors do not: who saw two pages is in two lines."""
    taken = cells(tmp_path, "google-analytics", GA4_PAGES)
    assert days(taken) == [("2026-08-25", None, 5), ("2026-08-26", None, 98)]
    assert values(taken, PAGE) == [("2026-08-01", "/", 48, 73), ("2026-08-01", "/a, b", 20, 30)]


def test_google_analytics_by_number_of_the_day(tmp_path: Path) -> None:
    """As reports write it: days count from the start date above; other sections are skipped."""
    taken = cells(tmp_path, "google-analytics", GA4_REPORT)
    assert days(taken) == [("2026-01-01", 12, None), ("2026-01-03", 15, None)]
    with pytest.raises(ImportProblems, match="no `# Start date:` stands above"):
        cells(tmp_path, "google-analytics", "Nth day,Active users\n0000,12\n")


def test_plausible(tmp_path: Path) -> None:
    """One file of it, or the zip with pages and sources."""
    assert days(cells(tmp_path, "plausible", PLAUSIBLE)) == [
        ("2025-12-25", 50, 500),
        ("2025-12-26", 3, 4),
    ]
    files = {
        "imported_visitors_20251225_20251226": PLAUSIBLE,
        "imported_pages_20251225_20251226": PLAUSIBLE_PAGES,
        "imported_browsers_20251225_20251226": '"date","browser","visitors"\n',
    }
    taken = cells(tmp_path, "plausible", zipped(tmp_path, **files))
    assert days(taken)[0] == ("2025-12-25", 50, 500)
    assert values(taken, PAGE) == [("2025-12-01", "/", 48, 204), ("2025-12-01", "/rare", 1, 1)]


@pytest.mark.parametrize("packed", [False, True])
def test_goatcounter(tmp_path: Path, packed: bool) -> None:
    """One line a page view: summed, a session once a day; bots and events are left out."""
    content = gzip.compress(GOATCOUNTER.encode()) if packed else GOATCOUNTER.encode()
    taken = cells(tmp_path, "goatcounter", content)
    assert days(taken) == [("2026-07-09", 2, 3)]
    assert values(taken, PAGE) == [("2026-07-01", "/", 2, 2), ("2026-07-01", "/x", 1, 1)]
    assert values(taken, SOURCE) == [
        ("2026-07-01", "(none)", 2, 2),
        ("2026-07-01", "google.com", 1, 1),
    ]
    assert "canary" not in repr(taken)


def test_a_moment_is_of_the_sites_own_day(tmp_path: Path) -> None:
    """Half past eleven in the evening, where it was counted."""
    path = tmp_path / "export.csv"
    path.write_text(GOATCOUNTER)
    sums = FORMATS["goatcounter"].read(Export.at(path), lambda at: utc(at + 2 * 3_600))
    assert days(list(sums.cells(1))) == [("2026-07-09", 1, 2), ("2026-07-10", 1, 1)]


def test_umami(tmp_path: Path) -> None:
    """The table of events, or the zip that it comes in; what is no page view is left out."""
    for content in (UMAMI, zipped(tmp_path, website_event=UMAMI, session_data="a,b\n")):
        taken = cells(tmp_path, "umami", content)
        assert days(taken) == [("2026-09-21", 1, 2)]
        assert values(taken, PAGE) == [("2026-09-01", "/", 1, 2)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_matomo(tmp_path: Path, encoding: str, separator: str) -> None:
    """CSV and TSV, in the encoding for Excel too, by raw and by English names."""
    text = MATOMO.replace(",", separator)
    wanted = [("2024-02-28", 30, 90), ("2024-02-29", 31, 80)]
    assert days(cells(tmp_path, "matomo", text.encode(encoding))) == wanted
    words = "Date,Unique visitors,Users,Visits,Actions\n2024-02-28,30,0,40,99\n"
    assert days(cells(tmp_path, "matomo", words)) == [("2024-02-28", 30, 99)]


BAD = [
    ("matomo", MATOMO.replace(",", ";"), "separated by semicolons: export it again with commas"),
    ("plausible", PLAUSIBLE.replace(",", "\t"), "separated by tabs"),
    ("matomo", MATOMO.replace("2024-02-29", "20240229"), "line 3: 20240229 is another kind of"),
    ("matomo", MATOMO.replace("2024-02-29", "2024-02-30"), "line 3: 2024-02-30 is no day of the"),
    ("matomo", MATOMO.replace("2024-02-29", "02/03/2024"), "line 3: 02/03/2024 may be two days"),
    ("matomo", MATOMO.replace("2024-02-29", '"2024-02-26,2024-03-03"'), "export the report by day"),
    ("matomo", MATOMO.replace("2024-02-29", "2024-02"), "line 3: 2024-02 is no day: export the"),
    ("matomo", MATOMO.replace("2024-02-29", "2024-02-28"), "line 3: 2024-02-28 stands in line 2"),
    ("matomo", MATOMO.replace("31,", "3.1,"), "nb_uniq_visitors is '3.1': write a whole number"),
    ("matomo", MATOMO.replace("31,", "-31,"), "write a whole number"),
    ("matomo", MATOMO.replace("31,", "٣١,"), "write a whole number"),
    ("matomo", MATOMO.replace("nb_uniq_visitors", "x"), "no column nb_uniq_visitors"),
    ("matomo", "a,b\n1,2\n", "no line begins a table: none has the column date"),
    ("matomo", "", "no line begins a table"),
    ("matomo", b"date,nb_uniq_visitors\n2024-02-28,\xff\n", "line 2: this is not UTF-8"),
    ("matomo", "date,nb_uniq_visitors\n2024-02-28\n", "nb_uniq_visitors is"),
    ("google-analytics", "Date,Views\n20260826,3\n", "no column of users"),
    ("google-analytics", GA4_PAGES.replace("20260825,/", "20260826,/"), "stands in line"),
    (
        "goatcounter",
        GOATCOUNTER.replace("2026-07-09T22:30:00Z", "yesterday"),
        "line 4: 'yesterday'",
    ),
    ("goatcounter", GOATCOUNTER.replace("T22:30:00Z", ""), "is no time: write it as"),
    ("goatcounter", GOATCOUNTER.replace("T22:30:00Z", " 22:30:00"), "another kind of date"),
    ("umami", PLAUSIBLE, "none has the column session_id"),
    ("umami", b"PK\x03\x04 broken", "cannot be read"),
    ("matomo", b"\x1f\x8b broken", "cannot be read"),
    ("matomo", "date,nb_uniq_visitors\n0001-01-01,30\n", "is no day that was counted"),
    ("matomo", f"date,nb_uniq_visitors\n2024-02-28,{'9' * 200_000}\n", "this is no CSV file"),
    ("matomo", f"date,nb_uniq_visitors,{'9' * 200_000}\n2024-02-28,9\n", "this is no CSV file"),
    ("google-analytics", GA4_REPORT.replace("0002,", "999999999999,"), "is no day that was"),
    ("umami", UMAMI.replace("2026-09-21", "9999-12-31"), "is no day that was counted"),
    ("umami", UMAMI.replace("2026-09-21 10:00:00", "0001-01-01 00:00:00+14:00"), "is no day that"),
]


@pytest.mark.parametrize(("tool", "content", "advice"), BAD)
def test_a_bad_file_is_refused_with_what_to_write(
    tmp_path: Path, tool: str, content: str | bytes, advice: str
) -> None:
    with pytest.raises(ImportProblems) as raised:
        cells(tmp_path, tool, content)
    assert advice in str(raised.value)


def test_every_bad_line_is_said_up_to_twenty(tmp_path: Path) -> None:
    lines = "".join(f"2024-01-{day:02},x\n" for day in range(1, 29))
    with pytest.raises(ImportProblems) as raised:
        cells(tmp_path, "matomo", f"date,nb_uniq_visitors\n{lines}")
    said = str(raised.value).splitlines()
    assert len(said) == 21
    assert said[0].startswith("line 2: ")
    assert said[-1] == "and 8 lines more"


def test_a_zip_is_looked_into_for_its_own_file_alone(tmp_path: Path) -> None:
    """Of two that it might be, none; of another tool, none; a bomb is not unpacked whole."""
    with pytest.raises(ImportProblems, match="one file imported_visitors"):
        cells(tmp_path, "plausible", zipped(tmp_path, other="a"))
    twice = {"imported_visitors_1": PLAUSIBLE, "imported_visitors_2": PLAUSIBLE}
    with pytest.raises(ImportProblems, match="one file imported_visitors"):
        cells(tmp_path, "plausible", zipped(tmp_path, **twice))
    with pytest.raises(ImportProblems, match="no zip of this tool"):
        cells(tmp_path, "matomo", zipped(tmp_path, a=MATOMO))


@pytest.mark.parametrize("name", ["plausible", "umami"])
def test_a_zip_with_any_byte_missing_is_read_or_refused(tmp_path: Path, name: str) -> None:
    """An offset before its start, a name in no encoding: it is said, and nothing else happens."""
    whole = zipped(tmp_path, website_event=UMAMI, imported_visitors="date,visitors,pageviews\n")
    for at in range(4, len(whole)):
        for instead in (b"", b"\xff"):
            content = whole[:at] + instead + whole[at + 1 :]
            # As a form sends it: what lies in memory is damaged otherwise than a file on disk.
            with suppress(ImportProblems):
                FORMATS[name].read(Export("export.zip", partial(io.BytesIO, content)), utc)


def test_a_zip_that_asks_for_memory_is_not_unpacked(tmp_path: Path) -> None:
    """LZMA says by itself how much it takes, four gigabytes, and bzip2 grows without a bound."""
    for packing in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        path = tmp_path / "packed.zip"
        with zipfile.ZipFile(path, "w", packing) as archive:
            archive.writestr("imported_visitors.csv", PLAUSIBLE)
        with pytest.raises(ImportProblems, match="packed in an unusual way: unpack it first"):
            cells(tmp_path, "plausible", path.read_bytes())


def test_who_comes_again_is_no_crowd(tmp_path: Path) -> None:
    """M27: one visitor on five days of a month is five by day, and one person all the same."""
    month = [f"2026-07-{day:02}" for day in range(1, 6)]
    page = "".join(f'"{day}","shop.example","/rare",1,1,1\n' for day in month)
    hosts = "".join(f'"2026-07-01","{n}.example","/rare",1,1,1\n' for n in range(5))
    header = PLAUSIBLE_PAGES.splitlines()[0] + "\n"
    for lines in (page, hosts):
        files = {"imported_visitors": PLAUSIBLE, "imported_pages": header + lines}
        assert values(cells(tmp_path, "plausible", zipped(tmp_path, **files)), PAGE) == [
            ("2026-07-01", "/rare", 5, 5)
        ]
        assert values(cells(tmp_path, "plausible", zipped(tmp_path, **files), 5), PAGE) == []
    header = "Date,Page path,Active users,Views\n"
    lines = "".join(f"{day.replace('-', '')},/rare,1,1\n" for day in month)
    assert values(cells(tmp_path, "google-analytics", header + lines, 5), PAGE) == []
    header = "session_id,created_at,url_path\n"
    lines = "".join(f"s{day},{day} 10:00:00,/rare\n" for day in month)
    assert values(cells(tmp_path, "umami", header + lines, 5), PAGE) == []
    # Addresses that are cut to the same are one line, and whoever saw them all one person.
    lines = "".join(f"s,2026-07-01 10:00:00,/{'a' * 600}{n}\n" for n in range(5))
    assert [cell[2] for cell in values(cells(tmp_path, "umami", header + lines), PAGE)] == [1]
    lines = "".join(f"s{n},2026-07-01 10:00:00,/rare\n" for n in range(5))
    assert values(cells(tmp_path, "umami", header + lines, 5), PAGE) == [
        ("2026-07-01", "/rare", 5, 5)
    ]


def test_a_file_takes_no_more_memory_than_its_sums(tmp_path: Path) -> None:
    """Fifty thousand lines, each of them wrong, and some that are right."""
    wrong = "date,visitors\n" + "1\n" * 50_000
    right = "session_id,created_at,url_path\n" + "s,2026-07-01 10:00:00,/\n" * 20_000
    tracemalloc.start()
    try:
        with pytest.raises(ImportProblems, match="lines more"):
            cells(tmp_path, "plausible", gzip.compress(wrong.encode()))
        assert cells(tmp_path, "umami", gzip.compress(right.encode()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = "date,visitors\n" + "0" * 2_000_000
    for content in (zipped(tmp_path, imported_visitors=bomb), gzip.compress(bomb.encode())):
        with pytest.raises(ImportProblems, match="larger than 1 MB, unpacked"):
            FORMATS["plausible"].read(small(content), utc)
    with pytest.raises(ImportProblems, match="the file is larger than 1 MB"):
        FORMATS["plausible"].read(small(bomb.encode()), utc)


def small(content: bytes) -> Export:
    """A file in memory that may have a megabyte."""
    return Export("export.csv", lambda: io.BytesIO(content), largest=1_000_000)


def test_a_file_of_too_many_names_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is kept until the end: no file takes all memory."""
    monkeypatch.setattr("askfirst_collector.imports.cells.MOST", 1_000)
    lines = "".join(f"s,2026-07-01 10:00:00,/{n}\n" for n in range(1_000))
    with pytest.raises(ImportProblems, match="more than 1000 days, pages and sources: export"):
        FORMATS["umami"].read(small(f"session_id,created_at,url_path\n{lines}".encode()), utc)
