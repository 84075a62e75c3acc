"""Python programs in processes of their own, that start as quickly as a process can.

Reading the modules of a server takes a second or two of CPU, and the tests start some hundreds of
them. One process beside each process of tests reads them once, and a program begins as a copy of it
(fork): with files, locks, a port and signals of its own, and a child of whoever asked for it. What
such a copy cannot be (another loader, other switches of Python, another system) starts as usual.
"""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import functools
import gc
import importlib
import inspect
import io
import json
import os
import runpy
import socket
import subprocess
import sys
import threading
import traceback
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from tests.conftest import ROOT

PR_SET_CHILD_SUBREAPER = 36  # prctl(2): whose parent ends becomes a child of this process
LONGEST = 1 << 20  # bytes of one order
MOST = 16  # descriptors with it
# What many programs read; none of it starts a thread by being read.
MODULES = (
    "askfirst.adapters.asgi",
    "askfirst.adapters.wsgi",
    "askfirst_collector.cli",
    "askfirst_collector.commands.serve",
    "askfirst_collector.embedded",
    "askfirst_collector.runtime.open",
    "httpx",
    "uvicorn.lifespan.on",
    "uvicorn.logging",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)
# What an interpreter looks at when it starts, and no later.
AT_START = ("LD_PRELOAD", "PYTHONHASHSEED", "PYTHONWARNINGS", "PYTHONDEVMODE")


def python(*words: object, **options: Any) -> subprocess.Popen[Any]:
    """Start `python WORDS` with the options of `subprocess.Popen`; a copy where it can be one."""
    command = [sys.executable, *map(str, words)]
    environment = options.get("env") or os.environ
    is_plain = all(environment.get(name) == os.environ.get(name) for name in AT_START)
    if (
        sys.platform == "linux"
        and command[1] in ("-m", "-c")
        and is_plain
        and options.get("preexec_fn") is None
        and hasattr(subprocess.Popen, "_close_pipe_fds")
    ):
        return _Copy(command, **options)
    return subprocess.Popen(command, **options)


class _Copy(subprocess.Popen[Any]):
    """A program that began as a copy: waited for, read and ended as any other."""

    def _execute_child(self, args: Sequence[str], *options: Any) -> None:
        signature = inspect.signature(subprocess.Popen._execute_child)  # type: ignore[attr-defined]
        chosen = signature.bind(self, args, *options).arguments
        pipes = [chosen[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        handed = [number if pipe == -1 else pipe for number, pipe in enumerate(pipes)]
        names = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        try:
            self.pid = _original().copy(
                {
                    "words": list(args[1:]),
                    "numbers": [0, 1, 2, *chosen["pass_fds"]],
                    "cwd": os.fspath(chosen["cwd"] or Path.cwd()),
                    "env": {**(chosen["env"] if chosen["env"] is not None else os.environ)},
                },
                [*handed, *chosen["pass_fds"]],
            )
            self._child_created = True
        finally:
            self._close_pipe_fds(*(chosen[name] for name in names))  # type: ignore[attr-defined]


class _Original:
    """The process that has read the modules, by the socket over which it takes orders."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.programs", str(theirs.fileno())],
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
            )

    def copy(self, order: Mapping[str, Any], descriptors: Sequence[int]) -> int:
        """Have a copy run `words` with these descriptors as `numbers`; its process id."""
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(order).encode()], descriptors)
            return int(self._socket.recv(32))

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


@functools.cache
def _original() -> _Original:
    original = _Original()
    atexit.register(original.close)
    return original


def main(descriptor: int) -> None:
    """Read the modules, and run each order in a copy, until nobody is left to give one."""
    for module in MODULES:
        importlib.import_module(module)
    assert threading.active_count() == 1, "a process with threads cannot be copied"
    gc.freeze()
    orders = socket.socket(fileno=descriptor)
    while True:
        order, descriptors, _, _ = socket.recv_fds(orders, LONGEST, MOST)
        if not order:
            return
        orders.send(str(_copy(orders, json.loads(order), descriptors)).encode())


def _copy(orders: socket.socket, order: Mapping[str, Any], descriptors: Sequence[int]) -> int:
    reading, writing = os.pipe()
    between = os.fork()
    if not between:
        # Ends at once, so that its child is taken in by whoever gave the order.
        program = os.fork()
        if program:
            os.write(writing, str(program).encode())
            os._exit(0)
        for descriptor in (reading, writing, orders.detach()):
            os.close(descriptor)
        _run(order, descriptors)
    os.waitpid(between, 0)
    for descriptor in (writing, *descriptors):
        os.close(descriptor)
    answer = os.read(reading, 64)
    os.close(reading)
    return int(answer)


def _run(order: Mapping[str, Any], descriptors: Sequence[int]) -> NoReturn:
    """As an interpreter that was started with these words."""
    # Out of the way first: one may have come under the number that another is to have.
    away = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 200) for descriptor in descriptors]
    for number in {*descriptors} - {0, 1, 2}:
        os.close(number)
    for number, descriptor in zip(order["numbers"], away, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)
    started_with = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    paths = [path for path in sys.path[1:] if path not in started_with]
    also = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:] = [order["cwd"] if order["words"][0] == "-m" else "", *also, *paths]
    importlib.invalidate_caches()
    is_unbuffered = bool(os.environ.get("PYTHONUNBUFFERED"))
    output = open(1, "wb", 0 if is_unbuffered else -1, closefd=False)  # noqa: SIM115
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = io.TextIOWrapper(output, "utf-8", write_through=is_unbuffered)
    sys.stderr = open(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115
    switch, program, *rest = order["words"]
    sys.argv[:] = [program if switch == "-m" else switch, *rest]
    code: object = 0
    try:
        if switch == "-m":
            runpy.run_module(program, run_name="__main__", alter_sys=True)
        else:
            sys.modules["__main__"] = types.ModuleType("__main__")
            exec(compile(program, "<string>", "exec"), vars(sys.modules["__main__"]))
    except SystemExit as error:
        code = error.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(code if isinstance(code, int) else int(bool(code)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
