"""The Procfile is read as honcho reads it, and the product's own names what runs."""

from pathlib import Path

import pytest
from honcho.environ import parse_procfile

from udb.conf import ROOT
from udb.errors import ToolError
from udb.supervisor import procfile


def test_the_product_has_its_processes() -> None:
    names = ["rpc", "streams", "relay", "scheduler", "worker", "deliverer", "runner"]
    assert list(procfile.read(ROOT / "Procfile")) == names


def test_honcho_reads_the_same() -> None:
    path = ROOT / "Procfile"
    assert procfile.read(path) == dict(parse_procfile(path.read_text()).processes)


@pytest.mark.parametrize("text", ["no colon here", "a: x\na: y", "bad name: x", "empty:"])
def test_a_line_that_is_none_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text(f"# words\n\n{text}\n")
    with pytest.raises(ToolError, match=r"Procfile, line \d: write `name: command`"):
        procfile.read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="cannot be read"):
        procfile.read(tmp_path / "Procfile")
