"""Ports on loopback that stay ours.

A port is held by a bound socket that never listens, for as long as the installation runs. While the process that
listens on the port is down, the kernel then gives the number to no outgoing connection, so that the process can come
back on it (Linux, `inet_hash_connect`: a bucket made by bind is passed over). Servers that set SO_REUSEADDR, as
Postgres, Redis, Envoy, gRPC and asyncio do, may bind beside it.
"""

import errno
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from udb.errors import ToolError

HOST: Final = "127.0.0.1"


@dataclass(frozen=True)
class Port:
    """A held port. `close` gives it up."""

    number: int
    holder: socket.socket

    def close(self) -> None:
        """Give the port up."""
        self.holder.close()


def prefer(number: int) -> Port:
    """Hold port `number` when it is free, else any free one. 0 asks for any."""
    try:
        return _hold(number)
    except OSError:
        return _hold(0)


def claim(number: int, *, setting: str, host: str = HOST) -> Port:
    """Hold port `number` and no other; `setting` names it in the error. Raises ToolError naming who has it."""
    try:
        return _hold(number, host)
    except PermissionError as error:
        raise ToolError(f"Port {number} is for root alone: choose another, {setting}=9090 make run.") from error
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise ToolError(f"Port {number} cannot be used ({error.strerror}): try {setting}=9090 make run.") from error
        who = owner(number) or "a process of another user"
        sentence = f"Port {number} is taken by {who}: stop it, or choose another port, {setting}=9090 make run."
        raise ToolError(sentence) from error


def _hold(number: int, host: str = HOST) -> Port:
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Connections of a previous run that linger in TIME_WAIT must not make a fixed port look taken. A port picked
        # by the kernel is asked for without it, so that no two installations get the same one.
        if number:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((host, number))
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    except OSError:
        holder.close()
        raise
    return Port(holder.getsockname()[1], holder)


def owner(number: int) -> str | None:
    """Who listens on port `number`: `pid 123 (command line)`, or None when that cannot be seen."""
    sockets = _listeners(number)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(_target(link) in sockets for link in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                return f"pid {process.name} ({command[:100]})"
        except OSError:
            continue  # it ended meanwhile, or belongs to another user
    return None


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""  # closed meanwhile, as the one through which the folder is listed


def _listeners(number: int) -> set[str]:
    listening = "0A"
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue  # a kernel without this protocol
        for row in rows:
            fields = row.split()
            if fields[3] == listening and int(fields[1].rpartition(":")[2], 16) == number:
                found.add(f"socket:[{fields[9]}]")
    return found
