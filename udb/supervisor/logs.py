"""Where the output of a process goes: all of it into a file of bounded size, what matters to the terminal."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_MAX_BYTES: Final = 10 * 1024 * 1024
_KEPT: Final = 4
_LONGEST_LINE: Final = 64 * 1024
#: Fields of a JSON line that the terminal does not repeat.
_PLAIN: Final = ("event", "level", "timestamp", "logger", "exception")


class LogFile:
    """A file that is renamed to `.1` … `.4` when it reaches `max_bytes`."""

    def __init__(self, path: Path, *, max_bytes: int = _MAX_BYTES, kept: int = _KEPT) -> None:
        self.path = path
        self._max_bytes, self._kept = max_bytes, kept
        self._handle: int | None = None
        self._size = 0

    def write(self, data: bytes) -> None:
        """Append. A full disk loses log lines and nothing else."""
        try:
            handle = self._handle
            if handle is None or self._size + len(data) > self._max_bytes:
                handle = self._open()
            self._size += os.write(handle, data)
        except OSError:
            self.close()  # the next write tries again; the product must not stop because nobody can log

    def tail(self, lines: int = 15) -> str:
        """The last lines."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _LONGEST_LINE))
                return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int:
        """Open the file, after moving aside one that is too large already."""
        self.close()
        if self.path.exists() and self.path.stat().st_size > self._max_bytes * 0.9:
            for number in range(self._kept - 1, 0, -1):
                older = self._numbered(number)
                if older.exists():
                    older.replace(self._numbered(number + 1))
            self.path.replace(self._numbered(1))
        self._handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._size = os.fstat(self._handle).st_size
        return self._handle

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


class Output:
    """The output of one process: chunks in, a file and lines for the terminal out. `listener` gets every line."""

    def __init__(self, file: LogFile, *, loud: Callable[[bytes], bool], show: Callable[[bytes], None]) -> None:
        self.file = file
        self.listener: Callable[[bytes], None] | None = None
        self._loud, self._show = loud, show
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take a chunk that may end within a line."""
        self.file.write(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if self.listener is not None:
                self.listener(line)
            if line and self._loud(line):
                self._show(line)
        if len(self._rest) > _LONGEST_LINE:
            self._rest = b""


def readable(line: bytes) -> str:
    """A log line for human eyes: JSON becomes `level  event  key=value …`, anything else stays as it is."""
    text = line.decode(errors="replace").rstrip()
    try:
        record: Any = json.loads(text)
    except ValueError:
        return text
    if not isinstance(record, dict) or "event" not in record:
        return text
    rest = " ".join(f"{name}={value}" for name, value in record.items() if name not in _PLAIN)
    fields = " ".join(rest.split())
    trace = f"\n{record['exception']}" if "exception" in record else ""
    return f"{record.get('level', 'info')}  {record['event']}  {fields}".rstrip() + trace
