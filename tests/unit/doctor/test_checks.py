"""Each check: a small real site that fails exactly it, and one that passes them all."""

from __future__ import annotations

import datetime
import ipaddress
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from askfirst.terms.policy import read_policy
from tests.support.served import served
from tests.unit.doctor.sites import PAGE, adding, ids, outside, policy, site, tide, visit


def test_a_good_site_passes_them_all(tmp_path: Path) -> None:
    """Nothing is found, and what was not looked at is said."""
    with tide(tmp_path, site("<p>High water at noon.</p>", "session=1; Path=/")) as origin:
        report = visit(origin)
        assert report.findings == ()
        assert report.exit_code(strict=True) == 0
        assert any("Access logs were not looked at" in note for note in report.notes)


def test_d001_nobody_answers() -> None:
    """D001: no server, and nothing else is said about it."""
    with served(site()) as gone:
        pass
    report = visit(gone)
    assert ids(report) == {"D001"}
    assert report.exit_code(strict=False) == 2


def test_d001_what_is_no_http(tmp_path: Path) -> None:
    """D001: a site that leaves for another one, and one that fails."""
    with tide(tmp_path, site(), front=outside(_redirect)) as origin:
        (found,) = visit(origin).findings
        assert found.id == "askfirst.D001"
        assert "https://www.tide.example/" in found.found
    with tide(tmp_path, site(), front=outside(_fail)) as origin:
        assert ids(visit(origin)) == {"D001"}


def test_d001_a_redirect_to_nowhere(tmp_path: Path) -> None:
    """D001: and one that never ends is no page either; one within the site is followed."""

    def broken(path: str, message: dict[str, Any]) -> None:
        message["status"], message["headers"] = 302, [(b"location", b"http://[::1")]

    def within(path: str, message: dict[str, Any]) -> None:
        if path == "/":
            message["status"], message["headers"] = 302, [(b"location", b"home?a=b#c")]

    with tide(tmp_path, front=outside(broken)) as origin:
        assert ids(visit(origin)) == {"D001"}
    with tide(tmp_path, front=outside(within)) as origin:
        assert ids(visit(origin)) == set()


def _redirect(path: str, message: dict[str, Any]) -> None:
    message["status"] = 302
    message["headers"] = [(b"location", b"https://www.tide.example/")]


def _fail(path: str, message: dict[str, Any]) -> None:
    message["status"] = 502 if path == "/" else message["status"]


def test_d002_no_gate() -> None:
    """D002: the application alone answers on our paths."""
    with served(site()) as origin:
        assert ids(visit(origin)) == {"D002"}
        assert ids(visit(origin, policy=None)) == {"D002"}


def test_d004_an_undeclared_cookie_leaves(tmp_path: Path) -> None:
    """D004: set outside of the gate. Neither its value is shown, nor an id in its name."""
    with tide(tmp_path, front=adding("set-cookie", "visit_1234567=secret")) as origin:
        (found,) = visit(origin).findings
        assert (found.id, found.where) == ("askfirst.D004", "/")
        assert "visit_*" in found.found
        assert "secret" not in repr(found)
        (line,) = tomllib.loads("\n".join(found.do.splitlines()[1:4]))["necessary"]
        assert line["cookie"] == "visit_*"


def test_d006_a_cookie_before_consent(tmp_path: Path) -> None:
    """D006: a purpose's cookie, set outside of the gate. Deletions are none."""
    with tide(tmp_path, front=adding("set-cookie", "_pulse=1")) as origin:
        (found,) = visit(origin).findings
        assert found.id == "askfirst.D006"
        assert "for statistics" in found.found
    with tide(tmp_path, front=adding("set-cookie", "_pulse=; Max-Age=0")) as origin:
        assert ids(visit(origin)) == set()


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.other.example/x.js"></script>',
        '<img src="/a.png" srcset="/b.png 1x, //cdn.other.example/c.png 2x">',
        '<link rel="preconnect dns-prefetch" href="https://cdn.other.example">',
        "<style>body { background: url('https://cdn.other.example/x.png') }</style>",
        '<iframe src="https://cdn.other.example/map"></iframe>',
    ],
)
def test_d008_a_third_party_is_asked(html: str, tmp_path: Path) -> None:
    """D008: whatever a browser would load at once."""
    with tide(tmp_path, site(html)) as origin:
        (found,) = visit(origin).findings
        assert (found.id, found.found) == ("askfirst.D008", "cdn.other.example is asked")


def test_d008_what_waits_is_no_third_party(tmp_path: Path) -> None:
    """D008: links, and scripts that wait for a purpose; what a CSP would allow is noted."""
    html = (
        '<a href="https://other.example">Out</a><img src="data:image/gif;base64,R0lGODlh">'
        '<script type="text/plain" data-purpose="statistics" src="https://cdn.other.example/x.js">'
        '</script><link rel="canonical" href="https://other.example/">'
    )
    csp = {"content-security-policy": "script-src 'self' https://cdn.other.example; img-src *"}
    with tide(tmp_path, site(html, headers=csp)) as origin:
        report = visit(origin)
        assert report.findings == ()
        assert (
            "The Content-Security-Policy would let scripts ask *, cdn.other.example."
            in report.notes
        )


def test_d009_a_log_keeps_visitors(tmp_path: Path) -> None:
    """D009: of a file that is named, what was appended during the visit."""
    log = tmp_path / "access.log"
    log.write_text("earlier lines of somebody\n", "utf-8")
    leaks = ["yes"]

    def logging(app: Any) -> Any:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            headers = dict(scope["headers"])
            with log.open("ab") as out:
                kept = headers[b"user-agent"] + scope["query_string"] if leaks else b"GET 200"
                out.write(kept + b"\n")
            await app(scope, receive, send)

        return application

    with tide(tmp_path, front=logging) as origin:
        (found,) = visit(origin, logs=(log,)).findings
        assert found.id == "askfirst.D009"
        assert "it keeps the agent, query of" in found.found
        leaks.clear()
        assert ids(visit(origin, logs=(log,))) == set()


def test_d011_no_https(tmp_path: Path) -> None:
    """D011: plain HTTP under a name that is not this machine's."""
    with tide(tmp_path) as origin:
        where = ("127.0.0.1", int(origin.rpartition(":")[2]))
        known = policy(origins=["https://tide.example"])
        report = visit("http://tide.example", connect=where, policy=read_policy(known))
        assert ids(report) == {"D011", "D022"}


def test_d012_vary_is_taken_out(tmp_path: Path) -> None:
    """D012: a page with the notice in it, and a front that takes Vary out; M39."""

    def without_vary(path: str, message: dict[str, Any]) -> None:
        message["headers"] = [h for h in message["headers"] if h[0] != b"vary"]

    with tide(tmp_path, asks_in_its_html(), front=outside(without_vary)) as origin:
        (found,) = visit(origin).findings
        assert found.id == "askfirst.D012"
        assert "Cookie, Sec-GPC, DNT, ADPC" in found.found
    with tide(tmp_path, asks_in_its_html()) as origin:
        assert ids(visit(origin)) == set()

    def private(path: str, message: dict[str, Any]) -> None:
        without_vary(path, message)
        message["headers"].append((b"cache-control", b"private"))

    with tide(tmp_path, asks_in_its_html(), front=outside(private)) as origin:
        assert ids(visit(origin)) == set()


def test_d012_a_cookie_in_a_public_page(tmp_path: Path) -> None:
    """D012: a shared cache would hand one visitor's session to others."""
    app = site("", "session=1", headers={"cache-control": "public, max-age=60"})
    with tide(tmp_path, app) as origin:
        assert ids(visit(origin)) == {"D012"}


def asks_in_its_html() -> Any:
    """An application whose pages read consent, and ask in their HTML."""
    from askfirst import askfirst_notice

    async def application(scope: Any, receive: Any, send: Any) -> None:
        body = PAGE.format(askfirst_notice(scope)).encode()
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application


def test_d013_beyond_the_host(tmp_path: Path) -> None:
    """D013: said once for each conflict, with both values; M31. Not as a collector that is away."""
    with tide(tmp_path, statistics={"retention_days": 700}) as origin:
        wide = read_policy(policy(origins=[origin], statistics={"retention_days": 700}))
        (found,) = visit(origin, policy=wide).findings
        assert (found.id, found.where) == (
            "askfirst.D013",
            "/purposes/statistics/retention_days",
        )
        assert "700" in found.found
        assert "365" in found.do


def test_d014_the_collector_is_away(tmp_path: Path) -> None:
    """D014: the gate is there and its collector's folder is none."""
    (tmp_path / "data").write_text("no folder", "utf-8")
    with tide(tmp_path) as origin:
        assert ids(visit(origin)) == {"D014"}


def test_d015_the_clock_is_off(tmp_path: Path) -> None:
    """D015: the Date header against ours, either way; a minute is forgiven."""
    with tide(tmp_path) as origin:
        for off, wanted in ((3_600, {"D015"}), (-3_600, {"D015"}), (20, set())):
            assert ids(visit(origin, now=lambda off=off: time.time() + off)) == wanted


def test_d017_no_notice(tmp_path: Path) -> None:
    """D017: neither notice nor script; pages that are no HTML, and children's sites, need none."""

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        kind = b"application/json" if scope["path"] == "/data" else b"text/html"
        headers = [(b"content-type", kind)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        module = b'<script type="module" src="/askfirst/static/askfirst.js"></script>'
        script = module if scope["path"] == "/module" else b""
        await send({"type": "http.response.body", "body": script + b"<h1>Tide</h1>"})

    with tide(tmp_path, bare) as origin:
        assert ids(visit(origin)) == {"D017"}
        assert ids(visit(origin, pages=("/data",))) == set()
        # Our one script is a classic one: as a module it does nothing.
        assert ids(visit(origin, pages=("/module",))) == {"D017"}
        closed = read_policy(policy(origins=[origin], for_children=True))
        assert ids(visit(origin, policy=closed)) == set()


@pytest.mark.parametrize("body", [b"", b"{}", b'{"gpc": "yes", "lastUpdate": "2026-01-01"}', b"[]"])
def test_d018_no_gpc(body: bytes, tmp_path: Path) -> None:
    """D018: a web server that keeps /.well-known/ for itself."""

    def keeping(app: Any) -> Any:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"].startswith("/.well-known/"):
                headers = [(b"content-type", b"application/json")]
                status = 200 if body else 404
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": body})
            else:
                await app(scope, receive, send)

        return application

    with tide(tmp_path, front=keeping) as origin:
        assert ids(visit(origin)) == {"D018"}


@pytest.mark.parametrize("name", ["Accept-CH", "critical-ch"])
def test_d019_client_hints(name: str, tmp_path: Path) -> None:
    """D019: a header behind the gate's back, or an element of the page. M26"""
    with tide(tmp_path, front=adding(name.lower(), "Sec-CH-UA-Model")) as origin:
        assert ids(visit(origin)) == {"D019"}
    html = f'<meta http-equiv="{name}" content="Sec-CH-UA-Model">'
    with tide(tmp_path, site(html)) as origin:
        assert ids(visit(origin)) == {"D019"}


def test_d020_a_controller_nobody_named(tmp_path: Path) -> None:
    """D020: what init writes when nobody said; on loopback that is nobody's business."""
    with tide(tmp_path) as origin:
        made_up = {"name": "The owner of tide", "contact": "privacy@example.org", "country": "ZZ"}
        local = read_policy(policy(origins=[origin], controller=made_up))
        assert ids(visit(origin, policy=local)) == set()
        public = policy(origins=[origin, "https://tide.example"], controller=made_up)
        report = visit(origin, policy=read_policy(public))
        assert ids(report) == {"D020"}
        assert {each.where for each in report.findings} == {
            "/controller/name",
            "/controller/country",
            "/controller/contact",
        }


def test_d021_an_origin_nobody_named(tmp_path: Path) -> None:
    """D021: the site's own, published policy is taken, and does not name this port."""
    with tide(tmp_path) as origin:
        report = visit(origin, policy=None)
        assert ids(report) == {"D021"}
        assert report.exit_code(strict=False) == 0
        assert report.exit_code(strict=True) == 1


def test_d025_no_campaigns(tmp_path: Path) -> None:
    """D031: a policy of before is told of what is new, unless it gathers less anyway."""
    of_before = {"levels": {"page": 2, "referrer": 2, "visitor": 1}}
    with tide(tmp_path, statistics=of_before) as origin:
        asked = read_policy(policy(origins=[origin], statistics=of_before))
        report = visit(origin, policy=asked)
        assert ids(report) == {"D031"}
        assert [each.where for each in report.findings] == ["/purposes/statistics/levels/campaign"]
        assert report.exit_code(strict=False) == 0


# ---------------------------------------------------------------- TLS


def certificate(folder: Path, days: float) -> dict[str, Path]:
    """A certificate of its own for 127.0.0.1 that ends in some days, as a server is given it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tide")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown, secret = folder / f"{days}.pem", folder / f"{days}.key"
    shown.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    secret.write_bytes(key.private_bytes(*pem, serialization.NoEncryption()))
    return {"ssl_certfile": shown, "ssl_keyfile": secret}


def test_d016_the_certificate_ends_soon(tmp_path: Path) -> None:
    """D016: less than two weeks before its end."""
    for days, wanted in ((30, set()), (9.5, {"D016"})):
        tls = certificate(tmp_path, days)
        with tide(tmp_path, **tls) as origin:
            report = visit(origin, ca=tls["ssl_certfile"])
            assert ids(report) == wanted
            assert all("in 9 days" in each.found for each in report.findings)


def test_d001_a_certificate_nobody_trusts(tmp_path: Path) -> None:
    """D001: visitors' browsers would not go on either."""
    with tide(tmp_path, **certificate(tmp_path, 30)) as origin:
        (found,) = visit(origin).findings
        assert found.id == "askfirst.D001"
        assert "certificate verify failed" in found.found
