"""What the embedded servers share: run alone, without the supervisor, for the time of a block."""

import os
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final, Self

from udb.errors import ToolError
from udb.supervisor import proc
from udb.supervisor.logs import LogFile
from udb.supervisor.spec import Spec, serves

_POLL_S: Final = 0.02
_STOP_WITHIN_S: Final = 60.0


class Server(ABC):
    """A server that can be supervised (`spec`) or run alone (`with server:`). `log` is where its output goes."""

    def __init__(self, *, log: Path) -> None:
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients reach the server, password included."""

    @abstractmethod
    def spec(self) -> Spec:
        """How the supervisor runs it."""

    @property
    def pid(self) -> int:
        """Id of the process, while the server runs alone."""
        if self._process is None:
            raise ToolError(f"{type(self).__name__} is not running.")
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it serves. Raises ToolError with the end of its log. Ends with the calling thread."""
        spec = self.spec()
        spec.before()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                spec.argv(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **spec.environment},
                start_new_session=True,
            )
        deadline = time.monotonic() + spec.ready_within
        while not (spec.probe is None or serves(spec.probe)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ToolError(f"{spec.name} did not start. The end of {self.log}:\n{LogFile(self.log).tail()}")
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """Stop it and wait for its end."""
        if self._process is None:
            return
        proc.send(self._process.pid, self.spec().stop_signal)
        try:
            self._process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()
