"""What the supervisor has to know about a process before it starts it."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_SHIM: Final = Path(__file__).with_name("shim.py")
SAME: Final = "same"
#: How the processes of the product end the event they log once they are ready, as in `"event": "relay ready"`.
READY: Final = b' ready"'


def serves(probe: Callable[[], None]) -> bool:
    """Whether `probe` returns."""
    try:
        probe()
    except Exception:  # noqa: BLE001 - in whatever way it fails to answer, it does not serve yet
        return False
    return True


def nothing() -> None:
    """Do nothing: the default of a spec's hooks."""


def unexpected(line: bytes) -> bool:
    """Whether a line of a process that logs JSON is for the operator: a warning or worse, or no JSON at all."""
    if not line.startswith(b"{"):
        return True
    return any(level in line for level in (b'"warning"', b'"error"', b'"critical"'))


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One process.

    `probe` returns once the process serves and raises until then; it may block for a second. Without one, a log line
    that contains READY tells, or that the process has stayed up for a while. `before` runs before each start, `drain`
    before the stop signal. `loud` says which log lines the operator sees. Times are in seconds.
    """

    name: str
    command: tuple[str, ...]
    probe: Callable[[], None] | None
    environment: Mapping[str, str] = field(default_factory=dict)
    identity: str = SAME
    before: Callable[[], None] = nothing
    drain: Callable[[], None] = nothing
    stop_signal: signal.Signals = signal.SIGTERM
    hurry_signal: signal.Signals = signal.SIGKILL
    stop_within: float = 3.0
    ready_within: float = 60.0
    loud: Callable[[bytes], bool] = unexpected

    def argv(self) -> list[str]:
        """The command line that starts the process under the shim; the caller becomes its guardian."""
        return guarded(self.command, identity=self.identity, death_signal=self.stop_signal)


def guarded(command: tuple[str, ...], *, identity: str = SAME, death_signal: int = signal.SIGKILL) -> list[str]:
    """`command`, taking on `identity` and getting `death_signal` when the calling thread ends."""
    return [
        sys.executable,
        "-I",
        "-S",
        str(_SHIM),
        str(os.getpid()),
        str(int(death_signal)),
        identity,
        *command,
    ]
