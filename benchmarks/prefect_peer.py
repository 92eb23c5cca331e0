"""The Prefect peer as one side of the benchmark: its server, its process, its runs."""

import os
import shutil
import subprocess
import time
from http import HTTPStatus
from typing import Self

from benchmarks.commanded import Commanded
from benchmarks.load import PREFECT_PYTHON, ROOT
from benchmarks.loopback import call, free_port
from benchmarks.peer import PeerError
from udb.supervisor.spec import guarded

HOME = ROOT / "var" / "bench" / "prefect"
APP = "benchmarks.peers.prefect_app.app"
START_SECONDS = 120.0


class PrefectPeer:
    """Runs the peer while the block lasts: a server with a database of its own, and a process with the flow."""

    def __enter__(self) -> Self:
        shutil.rmtree(HOME, ignore_errors=True)
        HOME.mkdir(parents=True)
        port = free_port()
        environment = os.environ | {
            "PREFECT_HOME": str(HOME),
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "PREFECT_LOGGING_LEVEL": "WARNING",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            # The other peers' packages are not its own.
            "PYTHONPATH": str(ROOT),
        }
        command = (str(PREFECT_PYTHON), "-m", "prefect", "server", "start", "--port", str(port), "--no-ui")
        with (HOME / "server.log").open("wb") as log:
            self._server = subprocess.Popen(guarded(command), env=environment, cwd=HOME, stdout=log, stderr=log)
        try:
            self._await(port)
            self._flow = Commanded(PREFECT_PYTHON, APP, environment)
            self._flow.answer()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self._flow.stop()
        self._stop()

    def chain(self, steps: int, seconds: float) -> float:
        """Seconds that one flow of tasks of so many seconds of Python each takes."""
        self._flow.ask("chain", steps=steps, seconds=seconds)
        return float(self._flow.answer()["seconds"])

    def _await(self, port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while call("GET", port, "/api/health")[0] != HTTPStatus.OK:
            if time.monotonic() > deadline or self._server.poll() is not None:
                raise PeerError(f"The Prefect server did not start: see {HOME / 'server.log'}.")
            time.sleep(0.1)

    def _stop(self) -> None:
        self._server.terminate()
        try:
            self._server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
