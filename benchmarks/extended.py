"""`python -m benchmarks.extended server rpc …`: a process of the product that knows the benchmark's steps too.

It does what a room above the workflows does when it brings a type of step of its own: add it to the registry before
anything else is loaded.
"""

import runpy
import sys
from pathlib import Path

from benchmarks.steps import TYPES
from server.workflows.steps import registry
from udb.conf import ROOT


def procfile(folder: Path) -> Path:
    """Writes the product's Procfile with every process of Python extended; gives its path."""
    lines = (ROOT / "Procfile").read_text().replace("python -m ", "python -m benchmarks.extended ")
    path = folder / "Procfile"
    path.write_text(lines)
    return path


def main() -> None:
    """Becomes the module that the command line names."""
    # Final for whoever reads it; this is before anybody does.
    setattr(registry, "TYPES", {**registry.TYPES, **TYPES})  # noqa: B010
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
