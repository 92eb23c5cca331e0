"""Becomes another program, after arranging that it cannot outlive the process that started it.

Run as a file: `python -I -S shim.py PARENT SIGNAL IDENTITY COMMAND…`. It asks the kernel for SIGNAL at the death of the
starting thread (prctl(2), PR_SET_PDEATHSIG), takes on IDENTITY and executes COMMAND. IDENTITY is `same`,
`namespace:UID:GID` (a user namespace in which we appear as UID), `account:UID:GID` (setuid), or `passing:UID:GID`
(setuid, but still passing through folders that are closed to that account). This is done here and not between fork and
exec of the supervisor, where Python code is unsafe once threads run.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def main(parent: int, death_signal: int, identity: str, command: list[str]) -> None:
    """Execute `command`. Raises OSError when the identity is refused or the program is missing."""
    libc = ctypes.CDLL(None, use_errno=True)
    kind, *numbers = identity.split(":")
    if kind == "namespace":
        enter_namespace(libc, *map(int, numbers))
    elif kind in ("account", "passing"):
        become(libc, *map(int, numbers), passing=kind == "passing")
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


def become(libc: ctypes.CDLL, uid: int, gid: int, *, passing: bool) -> None:
    """Change to an account for good; `passing` keeps CAP_DAC_OVERRIDE over the next exec (capabilities(7))."""
    libc.prctl(PR_SET_KEEPCAPS, int(passing), 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if not passing:
        return
    bit = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # Effective, permitted and inheritable: first their lower 32 bits, then the upper ones.
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if libc.capset(header, sets) != 0 or libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the capability is refused")


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
    except OSError as error:
        sys.exit(f"{sys.argv[4]}: {error.strerror}")
