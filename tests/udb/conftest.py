"""Installations whose processes are small fakes, with the real Postgres, Redis and Envoy around them."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from udb.installation import Installation

FAKES = Path(__file__).parent / "fakes"


@pytest.fixture(scope="session")
def procfile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's process names, each running a fake."""
    lines = {
        "rpc": f"{sys.executable} {FAKES}/rpc.py $PORT",
        "streams": f"{sys.executable} {FAKES}/streams.py $STREAMS_HTTP_PORT",
        "relay": f"{sys.executable} {FAKES}/job.py",
        "scheduler": f"{sys.executable} {FAKES}/job.py",
        "worker": f"{sys.executable} {FAKES}/job.py",
    }
    path = tmp_path_factory.mktemp("procfile") / "Procfile"
    path.write_text("".join(f"{name}: {command}\n" for name, command in lines.items()))
    return path


@pytest.fixture
def install(tmp_path: Path, procfile: Path) -> Callable[..., Installation]:
    """Makes an installation of fakes below the test's folder, not started."""

    def make(name: str = "var", **env: str) -> Installation:
        return Installation(tmp_path / name, {"PROCFILE": str(procfile), "SERVER_PROCESSES": "2", **env})

    return make
