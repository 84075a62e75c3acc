"""Where visitors come from."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from askfirst.observe.channels import table
from askfirst.observe.referrer import referrer, registrable_domain
from askfirst.observe.url import read_url
from askfirst.terms.attributes import UNKNOWN

ROOT = Path(__file__).resolve().parents[3]
OWN = frozenset({"https://www.example.com", "http://localhost:8000"})


@pytest.mark.parametrize(
    ("origin", "value"),
    [
        ("", ("direct", "none")),
        (None, ("direct", "none")),
        ("https://www.example.com", ("internal", "example.com")),
        ("http://localhost:8000", ("internal", "localhost")),
        ("https://blog.example.com", ("other", "example.com")),
        ("https://www.google.co.uk", ("search", "google.co.uk")),
        ("https://www.bing.com", ("search", "bing.com")),
        ("https://ru.search.yahoo.com", ("search", "yahoo.com")),
        ("https://duckduckgo.com", ("search", "duckduckgo.com")),
        ("https://yandex.com.tr", ("search", "yandex.com.tr")),
        ("https://l.facebook.com", ("social", "facebook.com")),
        ("https://t.co", ("social", "t.co")),
        ("https://chatgpt.com", ("ai", "chatgpt.com")),
        ("https://gemini.google.com", ("ai", "google.com")),
        ("https://mail.google.com", ("mail", "google.com")),
        ("https://us-mg5.mail.yahoo.com", ("mail", "yahoo.com")),
        ("https://docs.google.com", ("other", "google.com")),
        ("https://google.blogspot.com", ("other", "google.blogspot.com")),
        ("https://notfacebook.com", ("other", "notfacebook.com")),
        ("https://bücher.example", ("other", "xn--bcher-kva.example")),
        ("https://user:CANARY@WWW.Bing.com:8443/CANARY?q=CANARY#CANARY", ("search", "bing.com")),
        ("https://www.bing.com.", ("search", "bing.com")),
        ("https://192.0.2.1", ("other", UNKNOWN)),
        ("https://[2001:db8::1]", ("other", UNKNOWN)),
        ("https://intranet", ("other", UNKNOWN)),
        ("https://co.uk", ("other", UNKNOWN)),
        (f"https://{'a.' * 125}com", ("other", "a.com")),
        (f"https://{'a.' * 126}com", (UNKNOWN,)),
        ("null", (UNKNOWN,)),
        ("-", (UNKNOWN,)),
        ("https://example.com", ("internal", "example.com")),
        ("https://www.www.example.com", ("other", "example.com")),
        ("android-app://com.google.android.gm/", ("mail", "com.google.android.gm")),
        (
            "android-app://com.google.android.googlequicksearchbox/https/www.google.com",
            ("search", "com.google.android.googlequicksearchbox"),
        ),
        ("android-app://com.Slack", ("app", "com.Slack")),
        ("android-app://com.reddit.frontpage/", ("social", "com.reddit.frontpage")),
        ("android-app://com.example", (UNKNOWN,)),
        ("android-app://google.com/", (UNKNOWN,)),
        ("android-app://", (UNKNOWN,)),
        (7, (UNKNOWN,)),
    ],
)
def test_channel_and_site(origin: object, value: tuple[str, ...]) -> None:
    """M26: of a referrer only its channel and its registrable domain are left."""
    assert referrer(origin, OWN) == value


@pytest.mark.parametrize(
    "own", ["https://example.org", "https://www.example.org", "https://example.org:8443"]
)
@pytest.mark.parametrize(
    ("origin", "channel"),
    [
        ("https://example.org", "internal"),
        ("https://www.example.org", "internal"),
        ("http://WWW.Example.org.", "internal"),
        ("https://www.example.org:8443/a?b#c", "internal"),
        ("https://wwwexample.org", "other"),
        ("https://www.example.org.evil.example", "other"),
        ("https://shop.example.org", "other"),
        ("https://www.shop.example.org", "other"),
        ("https://www2.example.org", "other"),
    ],
)
def test_the_own_site_is_internal_with_www_and_without(own: str, origin: str, channel: str) -> None:
    """Whichever of both the policy names; a name that only looks like it is another site."""
    assert referrer(origin, {own})[0] == channel


@pytest.mark.corpus
def test_every_referrer_of_the_logs(corpus: Path) -> None:
    """Every row of the replayed logs gives the registrable domain of its expected host."""
    with gzip.open(corpus / "logs/log_replay_testip.jsonl.gz") as file:
        rows = [json.loads(line) for line in file]
    assert len(rows) == 8000
    for row in rows:
        host = row["expected_referrer_host"]
        told = row["referrer"]
        value = referrer("" if told == "-" else told)
        if host is None:
            assert value in {("direct", "none"), (UNKNOWN,)}
        else:
            name = None if re.fullmatch(r"[\d.]+|\[.*\]", host) else registrable_domain(host)
            assert value[1] == (name or UNKNOWN), (told, host)


@pytest.mark.corpus
def test_hosts_of_every_url_of_the_web_platform(corpus: Path) -> None:
    """Of every valid http(s) URL the host is the one browsers see; of others there is none."""
    seen = 0
    for row in json.loads((corpus / "referrer/wpt-urltestdata.json").read_text(encoding="utf-8")):
        if not isinstance(row, dict):
            continue
        url = read_url(row["input"], row.get("base") or None)
        if row.get("failure") or row["protocol"] not in {"http:", "https:"}:
            assert url is None, row
        else:
            assert url is not None, row
            assert (url.host, url.path) == (row["hostname"], row["pathname"])
            seen += 1
        referrer(row["input"])
    assert seen > 200


@pytest.mark.corpus
def test_every_public_suffix_case(corpus: Path) -> None:
    """Registrable domains are those of the Public Suffix List's own tests, both files."""
    calls = re.findall(
        r"^checkPublicSuffix\((\S+), (\S+)\);",
        (corpus / "psl/test_psl.txt").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    lines = (corpus / "psl/tests.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split() for line in lines if line and not line.startswith("//")]
    cases = [(a.strip("'"), b.strip("'")) for a, b in [*calls, *pairs] if a != "null"]
    assert len(cases) >= 150
    wrong = []
    for host, domain in cases:
        # A host in a URL is punycode, and never begins with a dot.
        url = None if host.startswith(".") else read_url(f"https://{host}/")
        found = registrable_domain(url.host) if url else None
        want = read_url(f"https://{domain}/") if domain != "null" else None
        if found != (want.host if want else None):
            wrong.append((host, domain, found))
    assert wrong == []


@pytest.mark.corpus
def test_the_table_is_what_the_lists_say(corpus: Path) -> None:
    """The committed table is the one that the script makes of matomo's lists."""
    script = [sys.executable, ROOT / "scripts/build-channels", corpus / "referrer", "--check"]
    ran = subprocess.run(script, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "channel"), [("Socials", "social"), ("AIAssistants", "ai")])
def test_every_listed_host_has_its_channel(corpus: Path, name: str, channel: str) -> None:
    """Every social network and assistant of matomo's lists is told, on any of its subdomains."""
    text = (corpus / f"referrer/matomo-{name}.yml").read_text(encoding="utf-8")
    hosts = [host for hosts in yaml.safe_load(text).values() for host in hosts if "/" not in host]
    for host in hosts:
        for prefix in ("https://", "https://m."):
            told = referrer(prefix + host)[0]
            assert told == channel or (told == "ai" and channel == "social"), host


def test_channels_of_the_table() -> None:
    """The table holds only the channels that the design names."""
    assert set(table().values()) == {"search", "social", "ai", "mail", "app"}


@given(st.text(), st.sets(st.text()))
def test_any_referrer_is_read(origin: str, own: set[str]) -> None:
    """Nothing raises."""
    for text in (origin, f"https://{origin}", f"https://{origin}.com"):
        assert len(referrer(text, own)) <= 2


@pytest.mark.corpus
def test_naughty_strings(corpus: Path) -> None:
    """The big list of naughty strings does not raise."""
    for text in json.loads((corpus / "naughty/blns.json").read_text(encoding="utf-8")):
        assert referrer(text, OWN)
