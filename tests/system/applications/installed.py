"""Applications that others wrote: installed, with the lines that `askfirst init` prints, served."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tarfile
import textwrap
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

PATIENCE = 120  # seconds until a site answers; the machine may be busy
# Of a site that others reach: undeclared cookies are taken out, as visitors would see it.
ORIGIN = "https://shop.example"


@dataclass(frozen=True)
class Project:
    """A folder with an application in it, and the Python that has what it needs."""

    folder: Path
    python: Path

    def run(self, *words: str, **environ: str) -> str:
        """Run Python with these words in the folder; its output, or a failure that shows it."""
        ended = subprocess.run(
            [self.python, *words], cwd=self.folder, capture_output=True, text=True,
            env=_environ(environ), check=False,
        )  # fmt: skip
        assert ended.returncode == 0, f"{words}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def add_askfirst(self, file: Path, framework: str, *, before: str = "") -> None:
        """Do what `askfirst init` says: its lines at a file's end, or above a line of it."""
        said = self.run(
            "-m", "askfirst", "init", "--yes", "--framework", framework, "--origin", ORIGIN,
            "--country", "DE", "--controller", "Tide & Co.", "--contact", "privacy@shop.example",
        )  # fmt: skip
        # They stand below the line that says where they go, until it is about pages.
        block = textwrap.dedent(said[said.index("    from pathlib") : said.index("In your pages")])
        text = file.read_text("utf-8")
        end = text.index(before) if before else len(text)
        indent = before[: len(before) - len(before.lstrip())]
        lines = textwrap.indent(block.rstrip(), indent)
        file.write_text(f"{text[:end]}\n{lines}\n{text[end:]}", "utf-8")

    def declare_nothing(self) -> None:
        """Take what is necessary out of the policy."""
        file = self.folder / "policy.toml"
        kept, skips = [], False
        for line in file.read_text("utf-8").splitlines():
            if line.startswith("["):
                skips = line.startswith("[[necessary]]")
            if not skips:
                kept.append(line)
        file.write_text("\n".join(kept), "utf-8")

    @contextmanager
    def serving(self, *words: str) -> Iterator[Served]:
        """Serve it by these words of Python, in which PORT stands for a free port."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = str(listener.getsockname()[1])
        log = self.folder / "server.log"
        command: list[str | Path] = [self.python, *(word.replace("PORT", port) for word in words)]
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, cwd=self.folder, stdout=out, stderr=out, env=_environ({})
            )
            site = Served(f"http://127.0.0.1:{port}", log)
            try:
                site.wait(process)
                yield site
            finally:
                process.terminate()
                process.wait(PATIENCE)


@dataclass(frozen=True)
class Served:
    """A site that answers, and what it writes."""

    origin: str
    log: Path

    def wait(self, process: subprocess.Popen[bytes]) -> None:
        """Until somebody answers."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(f"{self.origin}/askfirst/policy", timeout=PATIENCE).close()
            except OSError as error:
                if isinstance(error, urllib.error.HTTPError):
                    error.close()
                assert process.poll() is None, self.said
                assert time.monotonic() < until, self.said
                time.sleep(0.1)
            else:
                return

    @property
    def said(self) -> str:
        """What the server wrote until now."""
        return self.log.read_text("utf-8", "replace")


def _environ(more: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": "", "PYTHONUNBUFFERED": "1", **more}


def installed(folder: Path, *requirements: str) -> Project:
    """A venv with these packages, which finds askfirst and what it needs behind them.

    Skips where they cannot be had.
    """
    place = folder / "venv"
    venv.create(place, with_pip=True)
    python = place / "bin/python"
    ended = subprocess.run(
        [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ended.returncode:
        pytest.skip(f"{' '.join(requirements)} cannot be had: {ended.stderr[-300:]}")
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    behind = (ROOT / "sdk/python", ROOT / "collector", sysconfig.get_path("purelib"))
    file = place / "lib" / version / "site-packages" / "askfirst.pth"
    file.write_text("".join(f"{path}\n" for path in behind), "utf-8")
    project = folder / "project"
    project.mkdir()
    (project / "requirements.txt").write_text("".join(f"{r}\n" for r in requirements), "utf-8")
    return Project(project, python)


def source_of(requirement: str, folder: Path) -> Path:
    """The source of a package as its registry has it, unpacked; skips where it cannot be had."""
    ended = subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps",
         "--no-binary", ":all:", requirement, "-d", folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ended.returncode:
        pytest.skip(f"the source of {requirement} cannot be had: {ended.stderr[-300:]}")
    archive = next(folder.glob("*.tar.gz"))
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def copied(project: Project, name: str) -> Project:
    """The project once more, beside it, to be changed."""
    folder = project.folder.with_name(name)
    shutil.copytree(project.folder, folder)
    return Project(folder, project.python)
