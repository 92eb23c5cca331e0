"""A peer's process that does what lines of JSON on its standard input ask for, and answers each with one."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from benchmarks.load import ROOT
from benchmarks.peer import PeerError
from udb.supervisor.spec import guarded


class Commanded:
    """Runs `python -m module` from its beginning until `stop`. Ask, then read the answer."""

    def __init__(self, python: Path, module: str, environment: Mapping[str, str]) -> None:
        self._module = module
        self._process = subprocess.Popen(
            guarded((str(python), "-m", module)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(environment),
            cwd=ROOT,
        )

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    def ask(self, command: str, **arguments: Any) -> None:
        """Have it begin something."""
        pipe = self._pipe(self._process.stdin)
        pipe.write(json.dumps({"command": command, **arguments}) + "\n")
        pipe.flush()

    def answer(self) -> dict[str, Any]:
        """What it came to. Raises PeerError when the process ended."""
        line = self._pipe(self._process.stdout).readline()
        if not line:
            raise PeerError(f"{self._module} ended: see what it printed above.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """End it."""
        self._pipe(self._process.stdin).close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._pipe(self._process.stdout).close()

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None  # noqa: S101 - the process was started with it
        return pipe
