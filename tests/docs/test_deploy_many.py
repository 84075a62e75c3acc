"""The files for several machines in `deploy/`: each is run as far as one machine can."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from askfirst_collector.cli import main
from askfirst_collector.commands.serve import serve
from askfirst_collector.store.postgresql_address import read_address
from tests.docs.test_deploy import DEPLOY, certified, free_port, listens, needed, running, until
from tests.support.postgresql import cluster, programs
from tests.support.programs import python

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.many.yaml").read_text("utf-8"))
COLLECTORS = ("one", "two", "three")


def test_each_collector_is_started_as_the_program_takes_it(tmp_path: Path) -> None:
    """Options are those of `askfirst serve`, variables those it reads, and no volume is shared."""
    for name in ("inside.pem", "inside.key"):
        (tmp_path / name).touch()
    volumes = set()
    for name in COLLECTORS:
        service = COMPOSE["services"][name]
        command, *words = service["command"]
        assert command == "serve"
        here = [word.replace("/tls/", f"{tmp_path}/") for word in words]
        # As it is called: click remembers the first help option that a command made.
        above = click.Context(main, **main.context_settings)
        context = serve.make_context("serve", here, parent=above)
        assert context.params["host"] == "0.0.0.0"
        volumes.add(service["volumes"][0])
    assert len(volumes) == len(COLLECTORS)
    known = {option.envvar for option in serve.params if isinstance(option, click.Option)}
    environment = {name: _filled(url) for name, url in service["environment"].items()}
    assert environment.keys() <= known
    ledger = read_address(environment["ASKFIRST_LEDGER"])
    assert ledger.is_shared
    hosts = [ledger.host, *(other.host for other in ledger.others)]
    assert {*hosts, read_address(environment["ASKFIRST_SALTS"]).host} <= COMPOSE["services"].keys()
    assert re.search(r"@rows:8123/", environment["ASKFIRST_EVENTS"])


def _filled(text: str) -> str:
    return re.sub(r"\$\{\w+:\?\}", "secret", text)


def test_every_file_volume_and_network_of_it_is_there() -> None:
    """And what one service waits for is a service that says whether it is well."""
    services, mounted = COMPOSE["services"], set()
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert source == "./tls" or (DEPLOY / source).exists()
            else:
                mounted.add(source)
        wanted = service.get("depends_on", {})
        for name in wanted:
            assert name in services
            if isinstance(wanted, dict):
                assert "healthcheck" in services[name]
    assert mounted == COMPOSE["volumes"].keys()
    assert COMPOSE["networks"]["inside"]["internal"]
    assert {n for n, s in services.items() if "ports" in s} == {"proxy"}


def test_salts_are_where_nothing_can_follow() -> None:
    """The settings of the page, each one that a PostgreSQL takes."""
    page = (DEPLOY.parent / "docs" / "postgresql.md").read_text("utf-8")
    (settings,) = re.findall(r"```ini\n(.*?)```", page, re.DOTALL)
    wanted = dict(re.findall(r"^(\w+) = (\w+)", settings, re.M))
    program, *words = COMPOSE["services"]["salts"]["command"]
    assert program == "postgres"
    assert dict(word.removeprefix("--").split("=") for word in words) == wanted
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed")
    for name, value in wanted.items():
        known = [str(folder / "postgres"), "-C", name, f"--{name}={value}", "-D", "/nowhere"]
        run = subprocess.run(known, capture_output=True, text=True, check=False)
        assert "unrecognized" not in run.stderr


def test_nginx_goes_to_a_collector_that_answers(tmp_path: Path) -> None:
    """TLS to visitors and to collectors, whose certificate is checked; one of them may be gone."""
    certified(tmp_path, key="privkey.pem", certificate="fullchain.pem")
    certified(tmp_path, "askfirst.internal", key="inside.key", certificate="inside.pem")
    shutil.copy(tmp_path / "inside.pem", tmp_path / "ca.pem")
    ports = {name: free_port() for name in COLLECTORS}
    files = [f"--tls-certificate={tmp_path}/inside.pem", f"--tls-key={tmp_path}/inside.key"]
    replaced = {f"server {name}:8321": f"server 127.0.0.1:{port}" for name, port in ports.items()}
    with ExitStack() as stack:
        processes = []
        for name in COLLECTORS[:2]:
            words = ["serve", f"--data={tmp_path / name}", f"--port={ports[name]}", *files]
            processes.append(stack.enter_context(python("-m", "askfirst", *words)))
            stack.callback(processes[-1].kill)
        until(lambda: all(listens(ports[name]) for name in COLLECTORS[:2]))
        client = stack.enter_context(
            running("nginx.many.conf", {**replaced, "/tls/": f"{tmp_path}/"}, tmp_path)
        )
        assert {client.get("/readyz").json()["status"] for _ in range(6)} == {"ok"}
        assert client.get("/metrics").status_code == 404
        processes[0].kill()
        processes[0].wait()
        answers = [client.post("/v1/events", json={"v": 1}).status_code for _ in range(6)]
        assert max(answers) < 500


@pytest.mark.long
def test_the_script_makes_a_synchronous_standby() -> None:
    """With a real PostgreSQL: it copies, follows, and is waited for; promoted, it is written to."""
    with cluster() as primary:
        folder = primary.folder.with_name(f"{primary.folder.name}-script")
        folder.mkdir()
        owner = pwd.getpwuid((primary.folder / "data").stat().st_uid)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        port = free_port()
        environment = {
            "PATH": f"{programs()}:{os.environ['PATH']}",
            "PGHOST": str(primary.folder),
            "PGPORT": str(primary.port),
            "PGUSER": "askfirst",
            "PGDATA": str(folder / "data"),
            "STANDBY_PORT": str(port),
        }
        command = ["sh", str(DEPLOY / "standby.sh"), "-k", str(folder), "-c", "max_connections=200"]
        who = {} if os.getuid() else {"user": owner.pw_name, "group": owner.pw_gid}
        with subprocess.Popen(command, env=environment, cwd=folder, **who) as process:  # type: ignore[call-overload]
            try:
                waits = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
                until(lambda: primary.run(waits) == [[1]])
                primary.run("CREATE TABLE written (n INT)")
                primary.stop(at_once=False)
                standby = type(primary)(folder, port)
                standby.promote()
                until(lambda: standby.run("SELECT pg_is_in_recovery()") == [[False]])
                standby.run("INSERT INTO written VALUES (1)")
            finally:
                process.send_signal(2)
                process.wait(30)
                time.sleep(0.1)
                shutil.rmtree(folder, ignore_errors=True)


def test_compose_takes_the_file() -> None:
    """Where docker is: services, volumes and their keys are ones it knows."""
    program = needed("docker")
    command = [program, "compose", "-f", str(DEPLOY / "compose.many.yaml")]
    if subprocess.run([*command, "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker has no compose here")
    secrets = {f"{name}_PASSWORD": "x" for name in ("POSTGRES", "SALTS", "CLICKHOUSE")}
    subprocess.run([*command, "config", "--quiet"], check=True, env={**os.environ, **secrets})
