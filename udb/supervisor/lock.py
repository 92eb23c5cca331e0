"""One supervisor for each VAR_DIR. The kernel frees the lock when its holder dies, however that happens."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from udb.errors import ToolError
from udb.paths import Var

_TRIES: Final = 4
_PAUSE_S: Final = 0.05


@contextmanager
def exclusive(var: Var) -> Iterator[None]:
    """Hold the installation at `var` for a block. Raises ToolError naming the process that holds it already."""
    handle = os.open(var.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _lock(handle):
            pid = os.pread(handle, 20, 0).decode() or "unknown"
            raise ToolError(
                f"{var.root} is in use by process {pid}: press Ctrl-C where it runs, or run `kill {pid}`,"
                " or give this one a VAR_DIR of its own."
            )
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def holder(var: Var) -> int | None:
    """Id of the process that holds the installation at `var`, or None."""
    try:
        handle = os.open(var.run / "lock", os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.pread(handle, 20, 0) or b"0")
    finally:
        os.close(handle)
    return None


def _lock(handle: int) -> bool:
    """Take the lock, unless somebody has it for longer than it takes to look (`holder`)."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_S)
        else:
            return True
    return False
