"""Finds the programs that ship inside wheels, without importing the wheels' Python code."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from udb.errors import ToolError


def program(wheel: str, path: str) -> Path:
    """The program at `path` of the installed `wheel`. Raises ToolError when it is not there."""
    try:
        found = Path(str(distribution(wheel).locate_file(path)))
    except PackageNotFoundError:
        found = None
    if found is None or not found.is_file():
        raise ToolError(f"The program {path} of {wheel} is not installed: run `make venv`.")
    return found
