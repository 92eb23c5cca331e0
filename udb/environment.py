"""The environment of the product's processes: settings given by the operator, and what the installation adds.

Secrets are made once, each in a file of VAR_DIR/secrets. The whole of it stands in VAR_DIR/run/env while the
installation runs, so that other commands and `psql` find it.
"""

import base64
import os
import secrets
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from udb.conf import ROOT, Tool
from udb.errors import ToolError
from udb.paths import Var, write_whole
from udb.supervisor.proc import MARK

#: Files of VAR_DIR/secrets.
SECRET_KEYS: Final = "secret_keys"  # noqa: S105 - a file name
POSTGRES_PASSWORD: Final = "postgres_password"  # noqa: S105 - a file name
REDIS_PASSWORD: Final = "redis_password"  # noqa: S105 - a file name


def secret(var: Var, name: str) -> str:
    """The secret `name` of the installation, 32 random bytes made at first use."""
    return _kept(var.secrets / name, lambda: secrets.token_urlsafe(32))


def has_secret(var: Var, name: str) -> bool:
    """Whether the secret `name` was made already."""
    return (var.secrets / name).exists()


def secret_keys(tool: Tool, var: Var) -> str:
    """The key ring: the operator's, or the one in VAR_DIR/secrets, made at first use."""
    if tool.secret_keys is not None:
        return tool.secret_keys.get_secret_value()
    return _kept(var.secrets / SECRET_KEYS, lambda: f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}")


def base(tool: Tool, var: Var) -> dict[str, str]:
    """What every process of the product gets whether or not the installation runs. Contains secrets."""
    path = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    modules = [str(ROOT), str(ROOT / "gen"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        "VAR_DIR": str(var.root),
        "SECRET_KEYS": secret_keys(tool, var),
        "PATH": os.pathsep.join(path),
        "PYTHONPATH": os.pathsep.join(modules),
        "PYTHONUNBUFFERED": "1",
        # Each thread would get a heap of its own: 6 MB a process, for nothing that Python's allocator needs.
        "MALLOC_ARENA_MAX": "2",
        MARK: str(var.root),
    }


def write(var: Var, values: Mapping[str, str]) -> None:
    """Put `values` where other commands look; a shell can read it, too (`set -a; . var/run/env`)."""
    lines = (f"{name}={shlex.quote(value)}\n" for name, value in sorted(values.items()))
    write_whole(path(var), "".join(lines))


def load(var: Var) -> dict[str, str]:
    """What `write` put there; nothing when there is none."""
    try:
        text = path(var).read_text(encoding="utf-8")
    except OSError:
        return {}
    words = (word.partition("=") for word in shlex.split(text))
    return {name: value for name, _, value in words}


def path(var: Var) -> Path:
    """Where the environment of the running installation is written."""
    return var.run / "env"


def _kept(file: Path, make: Callable[[], str]) -> str:
    try:
        if file.exists():
            return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ToolError(
            f"{file} cannot be used ({error.strerror}): it must belong to the user who runs this."
        ) from error
    value = make()
    write_whole(file, value + "\n")
    return value
