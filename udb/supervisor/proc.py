"""Telling processes apart. An id alone may have been given to another process; with the start time it is unique."""

import os
import signal
from contextlib import suppress
from pathlib import Path

#: Set in the environment of every process of an installation; the value is its VAR_DIR.
MARK = "USERDATA_INSTALLATION"


def boot_id() -> str:
    """Changes with every boot; start times are counted from the boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def started(pid: int) -> int | None:
    """Start time of process `pid` in clock ticks since boot, or None when there is no such process (or a zombie)."""
    fields = _fields(pid)
    return None if fields is None or fields[0] == "Z" else int(fields[19])


def members(session: int) -> list[int]:
    """Ids of the living processes of the session that process `session` opened."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        fields = _fields(int(entry.name))
        if fields is not None and fields[0] != "Z" and int(fields[3]) == session:
            found.append(int(entry.name))
    return found


def marked(pid: int, var: Path) -> bool:
    """Whether process `pid` was started by the installation at `var`, as its environment says."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"{MARK}={var}".encode() in environment.split(b"\0")


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to process `pid`; one that has ended meanwhile is as good."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def sweep(session: int) -> None:
    """Kill what is left of the process group that process `session` led."""
    with suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)


def _fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name: state, parent, group, session… (proc(5))."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
