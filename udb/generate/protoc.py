"""Runs the protobuf compiler of `grpcio-tools` in this process, so that no compiler has to be installed."""

from importlib.metadata import files
from importlib.resources import as_file
from importlib.resources import files as resources
from pathlib import Path, PurePosixPath

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc


class CompileError(Exception):
    """The compiler refused the protos; it has printed its reasons to standard error."""


def copy_googleapis(target: Path) -> None:
    """Write the `google/` protos that `googleapis-common-protos` ships under `target`.

    buf reads them there as a second module, because it must not depend on its registry.
    """
    for file in files("googleapis-common-protos") or ():
        if file.suffix == ".proto":
            copy = target / PurePosixPath(file)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.locate().read_bytes())  # type: ignore[attr-defined]  # locate() gives a Path here


def compile_protos(roots: list[Path], protos: list[str], options: list[str]) -> None:
    """Compile `protos`, paths under one of `roots`, with protoc's own `options`. Raises CompileError."""
    with as_file(resources("grpc_tools") / "_proto") as well_known:
        paths = [f"--proto_path={root}" for root in [*roots, well_known]]
        if protoc.main(["protoc", *paths, *options, *protos]) != 0:
            raise CompileError


def describe(roots: list[Path], protos: list[str], target: Path, *, comments: bool) -> FileDescriptorSet:
    """Write the descriptors of `protos` and of all they import to `target`, and return them.

    `comments` keeps the source information, which holds the comments and makes the file several times larger.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    options = ["--include_imports", f"--descriptor_set_out={target}"]
    if comments:
        options.append("--include_source_info")
    compile_protos(roots, protos, options)
    return FileDescriptorSet.FromString(target.read_bytes())
