"""What the machine that runs the tests allows. Containers often refuse user namespaces."""

import os
import subprocess
from typing import Final

from udb.embedded.postgres import tool
from udb.supervisor.spec import SAME, guarded

_NAMESPACE: Final = "namespace:4321:4321"


def identities() -> dict[str, int]:
    """Identities that a process can take on here, and the user id that it then sees."""
    allowed = subprocess.run(guarded(("true",), identity=_NAMESPACE), capture_output=True, check=False).returncode == 0
    return {SAME: os.geteuid(), **({_NAMESPACE: 4321} if allowed else {})}


def kinds_of_identity() -> list[str]:
    """How Postgres can run here: as we are, or for root in a namespace or as another account."""
    if os.geteuid() != 0:
        return ["same"]
    passable = all(folder.stat().st_mode & 0o001 for folder in tool("postgres").parents)
    return [*(["namespace"] if len(identities()) > 1 else []), *(["account"] if passable else []), "passing"]
