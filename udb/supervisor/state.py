"""What runs, written to VAR_DIR/run: for the next start, for other commands and for tests. Holds no secrets."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from udb.paths import Var, write_whole
from udb.supervisor import proc

STARTING, READY, STOPPING = "starting", "ready", "stopping"


@dataclass(frozen=True)
class Running:
    """One living process: its id and start time, how often it was started again, whether it serves."""

    pid: int
    started: int | None
    stop_signal: int
    restarts: int = 0
    ready: bool = False

    def alive(self) -> bool:
        """Whether this very process still exists."""
        return self.started is not None and proc.started(self.pid) == self.started


@dataclass
class State:
    """The present installation. `addresses` are those that the banner shows."""

    phase: str = STARTING
    boot: str = field(default_factory=proc.boot_id)
    supervisor: int = field(default_factory=os.getpid)
    addresses: dict[str, str] = field(default_factory=dict)
    processes: dict[str, Running] = field(default_factory=dict)

    def save(self, var: Var) -> None:
        """Write the state down."""
        write_whole(path(var), json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, var: Var) -> Self | None:
        """The state that was written last, or None when there is none that can be read."""
        try:
            values = json.loads(path(var).read_text(encoding="utf-8"))
            values["processes"] = {name: Running(**process) for name, process in values["processes"].items()}
            return cls(**values)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None  # none was written, or another version wrote it: nothing to go by


def path(var: Var) -> Path:
    """Where the state is written."""
    return var.run / "state.json"
