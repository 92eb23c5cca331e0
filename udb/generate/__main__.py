"""`python -m udb.generate` writes `gen/` from `protos/`; run it through `make gen`."""

import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from udb.generate.protoc import CompileError, compile_protos, copy_googleapis, describe
from udb.generate.tree import mirror

ROOT = Path(__file__).resolve().parents[2]
PROTOS = ROOT / "protos"
GEN = ROOT / "gen"
GOOGLEAPIS = ROOT / ".buf" / "googleapis"
COMMENTED = ROOT / ".buf" / "commented.binpb"
ROOTS = [PROTOS, GOOGLEAPIS]

# Envoy turns the details of an error into JSON only when it knows their types.
ERROR_DETAILS = "google/rpc/error_details.proto"


def main() -> None:
    """Write the Python code, Envoy's descriptor, the OpenAPI document and the catalogue of events."""
    copy_googleapis(GOOGLEAPIS)
    protos = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    try:
        commented = describe(ROOTS, protos, COMMENTED, comments=True)
        _write_python(protos, _with_services(commented))
        describe(ROOTS, [*protos, ERROR_DETAILS], GEN / "envoy" / "descriptor.binpb", comments=False)
    except CompileError:
        sys.exit("Correct the protos above, then run `make gen` again.")
    # In processes of their own, which import the code that was just written.
    for module, target in (("udb.openapi", "openapi"), ("udb.generate.catalogue", "events")):
        subprocess.run([sys.executable, "-m", module, str(COMMENTED), str(GEN / target)], check=True)


def _with_services(descriptors: FileDescriptorSet) -> list[str]:
    return [file.name for file in descriptors.file if file.service and file.name.startswith("userdata/")]


def _write_python(protos: list[str], services: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        plugin = Path(sys.executable).with_name("protoc-gen-mypy_grpc")
        compile_protos(ROOTS, protos, [f"--python_out={folder}", f"--pyi_out={folder}"])
        if services:
            grpc = [f"--grpc_python_out={folder}", f"--mypy_grpc_out=quiet:{folder}", f"--plugin={plugin}"]
            compile_protos(ROOTS, services, grpc)
        package = Path(folder) / "userdata"
        for part in [package, *(path for path in package.rglob("*") if path.is_dir())]:
            (part / "__init__.py").touch()
        mirror(package, GEN / "userdata")


if __name__ == "__main__":
    main()
