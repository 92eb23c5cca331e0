"""The examples of docs/streams.md, run as a reader would, through a real edge."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.envoy.harness import HOST, Edge
from tests.streams.harness import ROOT, Process, World

PAGE = (ROOT / "docs" / "streams.md").read_text()
COMMANDS = {
    "sh": ["/bin/bash", "-c"],
    "python": [sys.executable, "-c"],
    "javascript": [str(Path(sys.executable).with_name("node")), "-e"],
}
BLOCKS = [(kind, text) for kind, text in re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL) if kind in COMMANDS]


@pytest.fixture(scope="module")
def edge(process: Process, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    address, http = f"{HOST}:{process.grpc_port}", f"{HOST}:{process.http_port}"
    folder = tmp_path_factory.mktemp("edge")
    edge = Edge(folder, rpc=(address,), streams_grpc=(address,), streams_http=(http,), swagger_ui_dir=None)
    yield edge
    edge.close()


def test_the_page_has_its_examples():
    assert [kind for kind, _ in BLOCKS] == ["sh", "python", "sh", "python", "javascript"]


@pytest.mark.parametrize("number", range(len(BLOCKS)), ids=[f"{n}-{kind}" for n, (kind, _) in enumerate(BLOCKS)])
def test_the_example_prints_every_event(edge: Edge, world: World, number: int):
    kind, text = BLOCKS[number]
    wanted = world.feed("a", "b")
    environment = {
        **os.environ,
        "API": f"http://{HOST}:{edge.port}",
        "WORKSPACE": world.id,
        "KEY": world.owner.token,
    }
    command = [*COMMANDS[kind], text]
    # In a group of its own, since a shell has a child.
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, start_new_session=True) as reader:
        try:
            assert reader.stdout is not None
            missing = set(wanted)
            seen = b""
            while missing and (piece := os.read(reader.stdout.fileno(), 65536)):
                seen += piece
                missing -= set(re.findall(r"evt_\w{26}", seen.decode()))
                if not missing and kind != "sh" and len(wanted) == 2:
                    wanted += world.feed("c")
                    missing = {wanted[-1]}
        finally:
            if reader.poll() is None:
                os.killpg(reader.pid, signal.SIGKILL)
    assert not missing
