"""A whole installation for the time of a block: `udb up` as its own process on free ports, for end-to-end tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Self

from udb import environment
from udb.conf import ROOT
from udb.errors import ToolError
from udb.paths import Var
from udb.supervisor import proc
from udb.supervisor.spec import guarded
from udb.supervisor.state import READY, Running, State

_START_WITHIN_S: Final = 60.0
_STOP_WITHIN_S: Final = 15.0
_POLL_S: Final = 0.05
_PORTS: Final = (
    "HTTP_PORT",
    "RPC_PORT",
    "STREAMS_PORT",
    "STREAMS_HTTP_PORT",
    "ADMIN_PORT",
    "POSTGRES_PORT",
    "REDIS_PORT",
)
#: What the caller's environment may hold, meant for another installation.
_FOREIGN: Final = ("DATABASE_URL", "BROKER_URL", "SMTP_URL", "SECRET_KEYS", "PUBLIC_URL")


class Installation:
    """`udb up` with data in `var` and settings `env` over the defaults of a test: free ports, no fsync.

    It ends with the thread that started it. The output of `udb up` is in `output`.
    """

    def __init__(self, var: Path, env: Mapping[str, str] | None = None, *, arguments: tuple[str, ...] = ()) -> None:
        self.var = Var(var.absolute())
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in _FOREIGN},
            **dict.fromkeys(_PORTS, "0"),
            "POSTGRES_FSYNC": "false",
            **(env or {}),
            "VAR_DIR": str(self.var.root),
        }
        self._arguments = arguments
        self._log = self.var.root.with_name(f"{self.var.root.name}.out")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Id of the `udb up` process."""
        return self._started.pid

    @property
    def output(self) -> str:
        """What `udb up` has written so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def state(self) -> State:
        """What runs now. Raises ToolError when nothing does."""
        state = State.load(self.var)
        if state is None or state.supervisor != self.pid:
            raise ToolError("The installation does not run.")
        return state

    @property
    def processes(self) -> dict[str, Running]:
        """The living processes by name, such as `rpc.1`, `relay`, `envoy`, `postgres`."""
        return self.state.processes

    @property
    def http_url(self) -> str:
        """Where Envoy answers."""
        return self.state.addresses["http"]

    @property
    def grpc_target(self) -> str:
        """host:port of gRPC through Envoy."""
        return self.http_url.removeprefix("http://")

    @property
    def database_url(self) -> str:
        """The owner's login to the database."""
        return environment.load(self.var)["DATABASE_URL"]

    @property
    def broker_url(self) -> str:
        """The broker."""
        return environment.load(self.var)["BROKER_URL"]

    def start(self, *, wait: bool = True) -> None:
        """Start, and wait until it is ready. Raises ToolError with its output."""
        if self._process is not None and self._process.poll() is None:
            raise ToolError("The installation was started already.")
        command = (sys.executable, "-m", "udb", "up", *self._arguments)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                guarded(command, death_signal=signal.SIGTERM),
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if wait:
            self.until(lambda: self.state.phase == READY, what="become ready")

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop and wait for its end. Gives the exit status; kills it after 15 s."""
        process = self._started
        if process.poll() is None:
            proc.send(process.pid, number)
        try:
            return process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ToolError(f"The installation did not stop in time:\n{self.output}") from None

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to process `name`; gives the id it had."""
        pid = self.processes[name].pid
        proc.send(pid, number)
        return pid

    def back(self, name: str, killed: int, *, within: float = 20.0) -> Running:
        """Wait until `name` serves again as another process than `killed`. Raises ToolError."""

        def is_back() -> bool:
            process = self.processes.get(name)
            return process is not None and process.ready and process.pid != killed

        self.until(is_back, what=f"have {name} back", within=within)
        return self.processes[name]

    def until(self, holds: Callable[[], bool], *, what: str, within: float = _START_WITHIN_S) -> None:
        """Wait for a condition. Raises ToolError when it does not come or `udb up` ends."""
        deadline = time.monotonic() + within
        while True:
            try:
                if holds():
                    return
            except ToolError:
                pass  # the state is not written yet
            if self._started.poll() is not None or time.monotonic() > deadline:
                raise ToolError(f"The installation does not {what}:\n{self.output}")
            time.sleep(_POLL_S)

    @property
    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ToolError("The installation was not started.")
        return self._process

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()
