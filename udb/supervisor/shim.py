"""Becomes another program, after arranging that it cannot outlive the process that started it.

Run as a file: `python -I -S shim.py PARENT SIGNAL IDENTITY COMMAND…`. It asks the kernel for SIGNAL at the death of the
starting thread (prctl(2), PR_SET_PDEATHSIG), takes on IDENTITY and executes COMMAND. IDENTITY is `same`,
`namespace:UID:GID` (a user namespace in which we appear as UID) or `account:UID:GID` (setuid). This is done here and
not between fork and exec of the supervisor, where Python code is unsafe once threads run.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def main(parent: int, death_signal: int, identity: str, command: list[str]) -> None:
    """Execute `command`. Raises OSError when the identity is refused or the program is missing."""
    libc = ctypes.CDLL(None, use_errno=True)
    kind, *numbers = identity.split(":")
    if kind == "namespace":
        enter_namespace(libc, *map(int, numbers))
    elif kind == "account":
        uid, gid = map(int, numbers)
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of identity, which clears the setting.
    libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")
    os.execvp(command[0], command)


def enter_namespace(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    """Move into a new user namespace where our own user and group are seen as `uid` and `gid` (user_namespaces(7))."""
    outer_uid, outer_gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are refused")
    # A group mapping may be written only once setgroups is given up.
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{gid} {outer_gid} 1"),
    ):
        Path(f"/proc/self/{name}").write_text(text, encoding="ascii")


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
    except OSError as error:
        sys.exit(f"{sys.argv[4]}: {error.strerror}")
