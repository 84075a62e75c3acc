"""The files of `deploy/`: each is run as far as this machine can."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import yaml

from askfirst_collector.commands.serve import serve
from tests.conftest import ROOT
from tests.support.programs import python

DEPLOY = ROOT / "deploy"
TOKEN = "0123456789abcdef" * 2
PATHS = f"{os.environ.get('PATH', '')}:/usr/sbin"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def until(condition: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def needed(program: str) -> str:
    path = shutil.which(program, path=PATHS)
    if path is None:
        pytest.skip(f"{program} is not here")
    return path


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """`askfirst serve` with a token for its metrics; its port."""
    folder, port = tmp_path_factory.mktemp("collector"), free_port()
    (folder / "token").write_text(f"{TOKEN}\n")
    words = ["serve", "--port", str(port), "--data", str(folder / "data")]
    words += ["--proxy", "127.0.0.1", "--metrics-token", str(folder / "token")]
    with python("-m", "askfirst", *words, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: process.poll() is not None or listens(port))
            yield port
        finally:
            process.terminate()
            process.wait(30)


def scrape(port: int) -> str:
    headers = {"authorization": f"Bearer {TOKEN}"}
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=headers)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return answer.text


def test_metrics_are_what_prometheus_reads_and_say_nothing_of_visits(collector: int) -> None:
    """M27: health, disk and jobs; each line is a comment or a sample, and no name is a site's."""
    text = scrape(collector)
    sample = re.compile(r'askfirst_[a-z_]+(\{[a-z]+="[^"\\\n]*"\})? [0-9.e+]+')
    lines = text.splitlines()
    assert all(line.startswith("# ") or sample.fullmatch(line) for line in lines), text
    assert "askfirst_up 1" in lines
    assert 'askfirst_part_up{part="ledger"} 1' in lines
    assert "askfirst_sites 0" in lines
    names = set(re.findall(r"^# TYPE (\w+) gauge$", text, re.M))
    assert not {name for name in names if re.search("visit|event|consent|grant|row", name)}
    page = (ROOT / "docs" / "production.md").read_text("utf-8")
    assert names == set(re.findall(r"^\| `(askfirst_\w+)", page, re.M))


@pytest.mark.parametrize("shown", ["", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}"])
def test_metrics_are_for_whoever_shows_the_token(collector: int, shown: str) -> None:
    headers = {"authorization": shown} if shown else {}
    answer = httpx.get(f"http://127.0.0.1:{collector}/metrics", headers=headers)
    assert (answer.status_code, answer.text) == (401, "")


def test_a_short_token_is_refused(tmp_path: Path) -> None:
    """One that can be tried out would be no token."""
    (tmp_path / "token").write_text("secret")
    words = ["serve", "--data", str(tmp_path / "data"), "--metrics-token", str(tmp_path / "token")]
    command = [sys.executable, "-m", "askfirst", *words]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, "openssl rand" in run.stderr) == (1, True)


def test_every_panel_of_the_dashboard_asks_for_what_there_is(collector: int) -> None:
    names = set(re.findall(r"^# TYPE (\w+) gauge$", scrape(collector), re.M))
    board = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert {name for query in queries for name in re.findall(r"askfirst_\w+", query)} == names


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    program = needed("systemd-analyze")
    text = (DEPLOY / "askfirst.service").read_text("utf-8")
    assert "ExecStart=/opt/askfirst/bin/askfirst serve" in text
    unit = tmp_path / "askfirst.service"
    unit.write_text(text.replace("/opt/askfirst/bin/askfirst", sys.executable))
    run = subprocess.run([program, "verify", unit], capture_output=True, text=True, check=False)
    assert "askfirst.service" not in run.stderr, run.stderr
    assert run.returncode == 0


def certified(folder: Path, name: str = "localhost", *, key: str, certificate: str) -> None:
    """A certificate that signs itself, and its key, in a folder."""
    make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    make += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-days", "2"]
    files = ["-keyout", str(folder / key), "-out", str(folder / certificate)]
    subprocess.run([needed("openssl"), *make, *files], check=True, capture_output=True)


@contextmanager
def nginx(upstream: int, folder: Path, *, above: str = "") -> Iterator[httpx.Client]:
    """A client of nginx with its file, in front of a port; `above` stands above its server."""
    certified(folder, key="privkey.pem", certificate="fullchain.pem")
    replaced = {
        "127.0.0.1:8321": f"127.0.0.1:{upstream}",
        "/etc/ssl/collector.example.org": str(folder),
    }
    with running("nginx.conf", replaced, folder, above=above) as client:
        yield client


@contextmanager
def running(
    file: str, replaced: Mapping[str, str], folder: Path, *, above: str = ""
) -> Iterator[httpx.Client]:
    """A client of nginx with a file of ours, in which some names are others."""
    program, port = needed("nginx"), free_port()
    certificate = folder / "fullchain.pem"
    text = (DEPLOY / file).read_text("utf-8")
    for old, new in {**replaced, "listen 443 ssl": f"listen 127.0.0.1:{port} ssl"}.items():
        assert old in text
        text = text.replace(old, new)
    places = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "main.conf"
    config.write_text(
        f"{user} daemon off; pid {folder}/pid; events {{}} http {{ {places} {above} {text} }}"
    )
    command = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    trusted = ssl.create_default_context(cafile=str(certificate))
    trusted.check_hostname = False
    with subprocess.Popen(command) as process:
        try:
            until(lambda: process.poll() is not None or listens(port))
            with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trusted) as client:
                yield client
        finally:
            process.terminate()
            process.wait(20)


def test_nginx_takes_its_file_and_hands_on_what_it_should(collector: int, tmp_path: Path) -> None:
    """A request goes through TLS to the collector; the metrics do not come out."""
    with nginx(collector, tmp_path) as client:
        assert client.get("/readyz").json()["status"] == "ok"
        assert client.get("/askfirst/host/sign-in").status_code == 200
        headers = {"authorization": f"Bearer {TOKEN}"}
        assert client.get("/metrics", headers=headers).status_code == 404
    assert not list(tmp_path.glob("access*"))


class Echo(BaseHTTPRequestHandler):
    """Answers with whom the request is said to be for."""

    def do_GET(self) -> None:
        body = ", ".join(self.headers.get_all("x-forwarded-for", [])).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    ("range_", "seen"),
    [("127.0.0.0/8", "203.0.113.9"), ("", "127.0.0.1")],
    ids=["from its ranges", "from anybody else"],
)
def test_the_header_of_cloudflare_counts_from_its_ranges_alone(
    range_: str, seen: str, tmp_path: Path
) -> None:
    """The lines of the page, as they stand; in one case this machine is Cloudflare's."""
    page = (ROOT / "docs" / "production.md").read_text("utf-8")
    (lines,) = re.findall(r"```nginx\n(.*?)```", page, re.DOTALL)
    (theirs,) = re.findall(r"set_real_ip_from (\S+);", lines)
    above = lines.replace(theirs, range_ or theirs)
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as echo:
        threading.Thread(target=echo.serve_forever, daemon=True).start()
        with nginx(echo.server_port, tmp_path, above=above) as client:
            forged = {"cf-connecting-ip": "203.0.113.9", "x-forwarded-for": "198.51.100.7"}
            assert client.get("/", headers=forged).text == seen
        echo.shutdown()


def test_the_image_runs_as_nobody_and_the_log_is_in_its_volume() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    compose = (DEPLOY / "compose.yaml").read_text("utf-8")
    assert re.search(r"^USER 10001$", text, re.M)
    assert "HEALTHCHECK" in text
    assert '"--data", "/var/lib/askfirst/data"' in text
    assert re.search(r"^VOLUME /var/lib/askfirst$", text, re.M)
    for line in ("read_only: true", "cap_drop: [ALL]", "network_mode: service:proxy"):
        assert line in compose


def test_the_image_can_be_built() -> None:
    program = needed("docker")
    if subprocess.run([program, "info"], capture_output=True, check=False).returncode:
        pytest.skip("no docker daemon answers here")
    file = str(DEPLOY / "Dockerfile")
    subprocess.run([program, "build", "-f", file, "-t", "askfirst-test", str(ROOT)], check=True)


def test_compose_takes_its_file() -> None:
    """Where docker is: services, volumes and their keys are ones it knows, and the image builds."""
    program = needed("docker")
    command = [program, "compose", "-f", str(DEPLOY / "compose.yaml")]
    if subprocess.run([*command, "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker has no compose here")
    subprocess.run([*command, "config", "--quiet"], check=True)


def test_traefik_keeps_the_host_and_the_metrics() -> None:
    """It hands on `Host`, keeps `/metrics` to itself, and asks the port that `serve` has."""
    http = yaml.safe_load((DEPLOY / "traefik.yaml").read_text("utf-8"))["http"]
    (router,), (service,) = http["routers"].values(), http["services"].values()
    assert router["service"] in http["services"]
    assert router["rule"].endswith("!Path(`/metrics`)")
    balancer = service["loadBalancer"]
    assert balancer["passHostHeader"] is True
    default = next(option.default for option in serve.params if option.name == "port")
    assert balancer["servers"] == [{"url": f"http://127.0.0.1:{default}"}]
    assert balancer["healthCheck"]["path"] == "/readyz"


@pytest.mark.parametrize("program", ["caddy"])
def test_caddy_takes_its_file(program: str) -> None:
    command = [needed(program), "validate", "--config", str(DEPLOY / "Caddyfile")]
    subprocess.run([*command, "--adapter", "caddyfile"], check=True, capture_output=True)
