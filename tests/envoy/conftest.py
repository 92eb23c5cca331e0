"""Fixtures of the edge's tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_tools import protoc

from tests.envoy.harness import Edge, Toy
from tests.envoy.toy_server import load
from udb.edge import Limits

HERE = Path(__file__).parent

# Short enough to wait for, long enough for a busy machine.
LIMITS = Limits(unary_timeout=1.5, receive_timeout=1.5, header_timeout=1.0, request_bytes=128 * 1024)


@pytest.fixture(scope="session")
def descriptor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The descriptor of the toy's contract."""
    target = tmp_path_factory.mktemp("descriptor") / "descriptor.binpb"
    found = next(file for file in files("googleapis-common-protos") or [] if file.name == "annotations.proto")
    googleapis = Path(str(found.locate())).parents[2]
    wanted = ["toy.proto", "google/rpc/error_details.proto"]
    arguments = [f"-I{HERE}", f"-I{googleapis}", f"-I{Path(protoc.__file__).parent / '_proto'}", "--include_imports"]
    assert protoc.main(["protoc", *arguments, f"--descriptor_set_out={target}", *wanted]) == 0
    return target


@pytest.fixture(scope="session")
def pool(descriptor: Path) -> DescriptorPool:
    """The toy's messages and methods."""
    return load(descriptor)


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Small stand-ins for the files that the edge serves."""
    folder = tmp_path_factory.mktemp("static")
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "openapi.json", "openapi.yaml"):
        (folder / name).write_text(f'{{"file": "{name}", "padding": "{"x" * 2000}"}}')
    return {"swagger_ui_dir": folder, "openapi_dir": folder}


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    """Ends, after the module's tests, what they have started."""
    with ExitStack() as open_things:
        yield open_things


@pytest.fixture(scope="module")
def toys(descriptor: Path, stack: ExitStack) -> list[Toy]:
    """Two servers."""
    found = [Toy(descriptor, name) for name in ("a", "b")]
    for toy in found:
        stack.callback(toy.close)
        toy.start()
    return found


@pytest.fixture(scope="module")
def start_edge(
    descriptor: Path,
    static: dict[str, Path],
    toys: list[Toy],
    stack: ExitStack,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Edge]:
    """Starts an edge before the two servers; arguments replace its parameters."""

    def start(**params: Any) -> Edge:
        usual = {
            "rpc": tuple(toy.address for toy in toys),
            "streams_grpc": (toys[0].address,),
            "streams_http": (toys[0].http_address,),
            "descriptor": descriptor,
            "limits": LIMITS,
            **static,
        }
        edge = Edge(tmp_path_factory.mktemp("edge"), **(usual | params))
        stack.callback(edge.close)
        return edge

    return start


@pytest.fixture(scope="module")
def edge(start_edge: Callable[..., Edge]) -> Edge:
    """An edge with usual settings."""
    return start_edge()
