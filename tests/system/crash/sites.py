"""The servers of a site: with its collector inside, in one worker or two, or elsewhere."""

from __future__ import annotations

from pathlib import Path

from tests.system.crash.processes import Parent, gone, is_alive, kill

TOPOLOGIES = ("embedded", "workers", "relay", "commands")  # the last: a relay, and commands
# What is run beside a server; {point} is the point's folder.
COMMANDS = (
    ("site", "list"),
    ("site", "key", "shop"),
    ("host", "show"),
    ("host", "set", "{point}/host.toml"),
    ("host", "link"),
    ("close", "--dry-run"),
    ("migrate",),
)


class Site:
    """The servers of one topology over one folder: `collector/`, and `site/` of a relay."""

    def __init__(self, parent: Parent, topology: str, folder: Path, key: str) -> None:
        self.folder = folder
        self._parent = parent
        self._log = folder.parent / "log"
        self._ports = [parent.listen() for _ in range(2 if topology == "workers" else 1)]
        self.fronts = list(self._ports)
        collector = folder / "collector"
        self._roles: list[tuple[str, tuple[object, ...]]]
        if topology in ("embedded", "workers"):
            self._roles = [("embedded", (collector, port)) for port in self._ports]
        else:
            behind = parent.listen()
            parent.close(behind)  # `serve` listens by itself
            serve = ("serve", "--data", str(collector), "--port", str(behind))
            url = f"http://127.0.0.1:{behind}"
            self._roles = [
                ("relay", (folder / "site", self._ports[0], url, key)),
                ("command", serve),
            ]
        self.is_relayed = topology not in ("embedded", "workers")
        self.pids = [0] * len(self._roles)

    def start(self) -> None:
        """Start whatever is not there."""
        for place, (role, arguments) in enumerate(self._roles):
            if not is_alive(self.pids[place]):
                self.pids[place] = self._parent.run(role, self._log, *arguments)

    def kill(self, *places: int) -> None:
        """kill -9: these, or all."""
        pids = [self.pids[place] for place in places or range(len(self.pids))]
        for pid in pids:
            kill(pid)
        gone(*pids)

    def close(self) -> None:
        self.kill()
        for port in self._ports:
            self._parent.close(port)

    def name(self, place: int) -> str:
        """What runs there."""
        role = self._roles[place][0]
        return "serve" if role == "command" else f"{role} {place + 1}"

    def hold(self) -> int:
        """Start a program that holds the ledger until it is killed."""
        return self._parent.run("holder", self._log, self.folder / "collector/ledger.db")

    def command(self, words: tuple[str, ...]) -> int:
        """Start a command beside them."""
        data = ("--data", str(self.folder / "collector"))
        ready = [word.format(point=self.folder.parent) for word in words]
        return self._parent.run("command", self.folder.parent / "commands.log", *ready, *data)
