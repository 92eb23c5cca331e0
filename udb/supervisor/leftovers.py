"""Ends what a killed run left. It never touches a process that merely got the number of one of ours."""

import signal
import time
from collections.abc import Callable

from udb.paths import Var
from udb.supervisor import proc
from udb.supervisor.state import Running, State

_PATIENCE_S = 5.0


def clean(var: Var) -> int:
    """End the processes of the run before, politely first. Gives how many there were. Call it holding the lock."""
    state = State.load(var)
    if state is None or state.boot != proc.boot_id():
        return 0
    leaders = [process for process in state.processes.values() if process.alive()]
    orphans = [pid for process in state.processes.values() if not process.alive() for pid in _orphans(process, var)]
    for leader in leaders:
        proc.send(leader.pid, signal.Signals(leader.stop_signal))
    for pid in orphans:
        proc.send(pid, signal.SIGTERM)
    _wait(lambda: not any(leader.alive() for leader in leaders))
    for leader in leaders:
        proc.sweep(leader.pid)
    for process in state.processes.values():
        for pid in _orphans(process, var):
            proc.send(pid, signal.SIGKILL)
    _wait(lambda: not any(leader.alive() for leader in leaders))
    return len(leaders) + len(orphans)


def _orphans(process: Running, var: Var) -> list[int]:
    """Members of the session of `process`, which has ended itself. Their environment must name the installation."""
    if proc.started(process.pid) is not None:
        return []
    return [pid for pid in proc.members(process.pid) if proc.marked(pid, var.root)]


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not done() and time.monotonic() < deadline:
        time.sleep(0.02)
