"""Checks of the machine: interpreter, packages, programs, ports, folders, clock."""

import contextlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Final

from udb import ports
from udb.conf import ROOT
from udb.doctor.finding import Ailing, Patient
from udb.edge import EnvoyParams, binary
from udb.embedded import identity
from udb.embedded.postgres import tool
from udb.errors import ToolError

_ENOUGH_BYTES: Final = 1024**3
_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]+))?", re.MULTILINE)
_SKEW_S: Final = 60


def python(_patient: Patient) -> str:
    """The interpreter is the one that the locked packages are for."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] != (3, 11):
        raise Ailing(f"this is Python {found}", "run `make venv PYTHON=python3.11` and use .venv/bin/udb")
    return f"{found}, {sys.prefix}"


def packages(_patient: Patient) -> str:
    """Every locked package is installed in its locked version."""
    lock = ROOT / "requirements.lock"
    pinned = _PINNED.findall(lock.read_text(encoding="utf-8"))
    wrong = []
    for name, version, marker in pinned:
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            installed = "missing"
        if installed != version and not (marker and installed == "missing"):
            wrong.append(f"{name} {installed} (locked: {version})")
    if wrong:
        raise Ailing(f"{len(wrong)} of {len(pinned)} differ: {', '.join(wrong[:3])}", "run `make venv`")
    return f"{len(pinned)} as locked"


def envoy(_patient: Patient) -> str:
    """The edge's program runs."""
    try:
        done = subprocess.run([str(binary()), "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, StopIteration, metadata.PackageNotFoundError, subprocess.SubprocessError) as error:
        raise Ailing(f"the program does not run ({error})", "run `make venv`; Envoy needs a 64-bit Linux") from error
    version = re.search(r"/(\d+\.\d+\.\d+)/", done.stdout)
    return version[1] if version else done.stdout.strip()


def pages(_patient: Patient) -> str:
    """What Envoy serves from files is there."""
    params = EnvoyParams(port=1, admin="", rpc=(), streams_grpc=(), streams_http=())
    for folder, remedy in (
        (params.swagger_ui_dir, "run `make run` once"),
        (params.openapi_dir, "run `make gen`"),
    ):
        if folder is not None and not folder.is_dir():
            raise Ailing(f"{folder} is missing, so /api/docs will not work", remedy)
    return "Swagger UI and OpenAPI documents are there"


def http_port(patient: Patient) -> str:
    """The port of the product is free, or its own."""
    number = patient.tool.http_port
    if patient.runs:
        return f"{patient.environment.get('HTTP_PORT', number)}, in use by the running installation"
    try:
        ports.claim(number, setting="HTTP_PORT", host=str(patient.tool.http_host)).close()
    except ToolError as error:
        raise Ailing(f"{number} cannot be used", str(error)) from error
    return f"{number} is free"


def folder(patient: Patient) -> str:
    """Data can be written, and only the owner can read what is secret."""
    var = patient.var
    try:
        var.create()
        with tempfile.TemporaryFile(dir=var.root) as file:
            file.write(b"0" * 4096)
    except (OSError, ToolError) as error:
        raise Ailing(
            f"{var.root} cannot be written ({error})", "give it to the user who runs this, or set VAR_DIR"
        ) from error
    for place in (var.secrets, *var.secrets.iterdir()):
        if stat.S_IMODE(place.stat().st_mode) & 0o077:
            raise Ailing(f"others may read {place}", f"run `chmod -R go= {var.secrets}`")
    return str(var.root)


def disk(patient: Patient) -> str:
    """There is room for data."""
    place = next(path for path in (patient.var.root, *patient.var.root.parents) if path.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / 1024**3:.1f} GiB free at {place}"
    if free < _ENOUGH_BYTES:
        raise Ailing(text, "free at least 1 GiB: Postgres stops when its disk is full")
    return text


def clock(_patient: Patient) -> str:
    """The clock is not behind the files of this very checkout; tokens and retries depend on it."""
    newest = max(path.stat().st_mtime for path in ROOT.iterdir())
    now = time.time()
    if now + _SKEW_S < newest:
        behind = f"the clock is {newest - now:.0f} s behind the newest file of {ROOT}"
        raise Ailing(behind, "set it, and let a time service keep it (`timedatectl set-ntp true`)")
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))


def postgres_program(patient: Patient) -> str:
    """The embedded Postgres runs here, under an identity that it accepts."""
    if patient.tool.database_url is not None:
        return "not used: DATABASE_URL is set"
    with contextlib.ExitStack() as stack:
        place = patient.var.postgres
        if not place.exists():
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=patient.var.root)))
        try:
            program = tool("postgres")
            who = identity.choose(place, program)
        except ToolError as error:
            raise Ailing("the embedded Postgres cannot run", str(error)) from error
    done = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)
    return f"{done.stdout.strip().rpartition(' ')[2]}, run as {who.partition(':')[0]}"
