"""Who runs Postgres. It refuses user id 0, so root takes another identity for it.

First choice is a user namespace (user_namespaces(7)) in which root's own files belong to an ordinary user id: nothing
changes owner and no folder has to be opened. Where namespaces are refused, as in many containers, an unprivileged
account gets the data folder; if that account cannot reach it, because it lies in the home of root, say, Postgres keeps
the one capability of root that lets it pass. A choice is taken only after a program ran under it in that very folder.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from udb.errors import ToolError
from udb.supervisor.spec import SAME, guarded


def choose(folder: Path, program: Path) -> str:
    """The identity (see shim.py) under which `program` can work on `folder`, which exists.

    May give the folder to another account. Raises ToolError with the ways out.
    """
    owner = folder.stat().st_uid
    if os.geteuid() != 0 and owner != os.geteuid():
        raise ToolError(f"{folder} belongs to {_name(owner)}: run as that user, or set VAR_DIR or DATABASE_URL.")
    if os.geteuid() != 0 and _known(os.geteuid()):
        return SAME
    for identity in _candidates(folder, owner):
        if _account(identity) not in (None, owner):
            _give(folder, identity)
        if _works(identity, folder, program):
            return identity
    if os.geteuid() != 0:
        raise ToolError(
            f"Postgres needs an account with a name, user id {os.geteuid()} has none, and user namespaces are refused"
            " here: run as a named user, or set DATABASE_URL."
        )
    if owner == 0:
        _give(folder, "account:0:0")
    raise ToolError(
        f"Postgres refuses to run as root, user namespaces are refused here, and no other account can reach {folder}:"
        " run as an ordinary user, or make its parent folders passable (chmod o+x), or set DATABASE_URL."
    )


def _candidates(folder: Path, owner: int) -> Iterator[str]:
    if owner == os.geteuid():
        seen_as = next((entry for entry in pwd.getpwall() if entry.pw_uid not in (0, owner)), None)
        if seen_as is not None:
            yield f"namespace:{seen_as.pw_uid}:{seen_as.pw_gid}"
    if os.geteuid() != 0:
        return
    accounts = [(owner, folder.stat().st_gid)] if owner != 0 else [*_owners(folder), *_known_for_it()]
    for kind in ("account", "passing"):
        yield from (f"{kind}:{uid}:{gid}" for uid, gid in accounts)


def _owners(folder: Path) -> Iterator[tuple[int, int]]:
    """Whoever owns a folder above it can reach it, and most likely started this as root."""
    parents = [parent.stat() for parent in folder.parents]
    yield from ((parent.st_uid, parent.st_gid) for parent in parents if parent.st_uid != 0)


def _known_for_it() -> Iterator[tuple[int, int]]:
    for name in ("postgres", "nobody"):
        entry = next((entry for entry in pwd.getpwall() if entry.pw_name == name), None)
        if entry is not None:
            yield entry.pw_uid, entry.pw_gid


def _works(identity: str, folder: Path, program: Path) -> bool:
    script = 'cd "$1" && test -w . && exec "$2" --version'
    command = ("/bin/sh", "-c", script, "sh", str(folder), str(program))
    return subprocess.run(guarded(command, identity=identity), capture_output=True, check=False).returncode == 0


def _account(identity: str) -> int | None:
    kind, *numbers = identity.split(":")
    return int(numbers[0]) if kind in ("account", "passing") else None


def _give(folder: Path, identity: str) -> None:
    _, uid, gid = identity.split(":")
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, int(uid), int(gid))


def _known(uid: int) -> bool:
    return any(entry.pw_uid == uid for entry in pwd.getpwall())


def _name(uid: int) -> str:
    return next((entry.pw_name for entry in pwd.getpwall() if entry.pw_uid == uid), f"user {uid}")
