"""Runners that die: a nursery that forks them, and a proxy before the database that kills one at a commit."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from udb.conf import ROOT

_COMMIT = b"COMMIT"


class Nursery:
    """Makes runners."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("wb")
        self._environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"}
        self.pids: set[int] = set()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.workflows.process"],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        return self

    def __exit__(self, *_exception: object) -> None:
        for pid in list(self.pids):
            self.kill(pid)
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def runner(self, url: str) -> int:
        """A new runner on the database at `url`; gives its process id."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"DATABASE_URL": url}) + "\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        self.pids.add(pid)
        return pid

    def kill(self, pid: int, number: int = signal.SIGKILL) -> None:
        """Send a signal to a runner."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if number == signal.SIGKILL:
            self.pids.discard(pid)


class Proxy:
    """Stands between a runner and the database, and counts its commits once told to.

    At commit number `at` it kills the runner: before the database hears of it, or `after` it did and before the runner
    does.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        user, _, _ = parts.netloc.rpartition("@")
        self.url = urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}"))
        self._lock = threading.Lock()
        self.count = 0
        self.pid = 0
        self.at = 0
        self.after = False
        self.killed = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._listener.close()

    def arm(self, pid: int, *, at: int, after: bool) -> None:
        """Count from now on, and kill `pid` at commit number `at`."""
        with self._lock:
            self.pid, self.at, self.after, self.count = pid, at, after, 0

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                doomed = threading.Event()
                for source, sink, passes in (
                    (client, server, lambda data, doomed=doomed: self._asked(data, doomed)),
                    (server, client, lambda data, doomed=doomed: self._answered(data, doomed)),
                ):
                    threading.Thread(target=_pump, args=(source, sink, passes), daemon=True).start()

    def _asked(self, data: bytes, doomed: threading.Event) -> bool:
        if _COMMIT not in data:
            return True
        with self._lock:
            self.count += 1
            if not self.pid or self.count != self.at:
                return True
            if self.after:
                doomed.set()
                return True
            return self._kill()

    def _answered(self, data: bytes, doomed: threading.Event) -> bool:
        if doomed.is_set() and _COMMIT in data:
            with self._lock:
                return self._kill()
        return True

    def _kill(self) -> bool:
        os.kill(self.pid, signal.SIGKILL)
        self.killed.set()
        return False


def _pump(source: socket.socket, sink: socket.socket, passes: object) -> None:
    assert callable(passes)
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 20):
            if not passes(data):
                break
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextlib.contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """A nursery while the block runs."""
    with Nursery(folder / "runners.log") as made:
        yield made
