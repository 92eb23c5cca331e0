"""The examples of docs/webhooks-receiving.md, in order, in one shell, through a real edge and a real server."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from server.accounts.service import signing
from tests.envoy.harness import HOST, Edge
from tests.streams.harness import ROOT, Process, make_world
from tests.support import database as databases
from tests.support.wait import until
from udb import ports
from udb.embedded import Postgres

BLOCKS = re.findall(r"```(sh|python)\n(.*?)```", (ROOT / "docs" / "webhooks-receiving.md").read_text(), re.DOTALL)

PUBLIC = "http://127.0.0.1:8080"


@pytest.fixture
def kept(postgres: Postgres) -> Iterator[Postgres]:
    signing.forget()
    yield postgres
    databases.empty(postgres.url)
    signing.forget()


@pytest.fixture
def edge(kept: Postgres, tmp_path: Path) -> Iterator[Edge]:
    """An edge before a unary server and a streams process, with a drain at work."""
    port = ports.prefer(0)
    environment = {**os.environ, "DATABASE_URL": kept.url, "LOG_LEVEL": "error"}

    def started(stack: ExitStack, *arguments: str) -> None:
        process = subprocess.Popen([sys.executable, "-m", *arguments], cwd=ROOT, env=environment)
        stack.callback(process.wait)
        stack.callback(process.kill)

    with ExitStack() as stack:
        stack.enter_context(closing(port))
        started(stack, "server", "rpc", "--port", str(port.number))
        started(stack, "workers", "deliver")
        streams = stack.enter_context(closing(Process(kept.url, tmp_path)))
        made = Edge(
            tmp_path,
            rpc=(f"{HOST}:{port.number}",),
            streams_grpc=(f"{HOST}:{streams.grpc_port}",),
            streams_http=(f"{HOST}:{streams.http_port}",),
            swagger_ui_dir=None,
        )
        stack.callback(made.close)
        until(lambda: made.healthy("rpc") == 1, within=30, saying="the server answers")
        yield made


def test_every_example_is_true(kept: Postgres, edge: Edge):
    world = make_world(kept.url)
    steps = [text if kind == "sh" else f"python3 - <<'END'\nPUBLIC = '{PUBLIC}'\n{text}END\n" for kind, text in BLOCKS]
    script = "set -euo pipefail\n" + "echo\necho --- next\n".join(steps)
    folder = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "API": f"http://{HOST}:{edge.port}",
        "KEY": world.owner.token,
        "WORKSPACE": world.id,
    }
    done = subprocess.run(
        # What the server takes for its own address is not this edge's.
        [
            "/bin/bash",
            "-c",
            script.replace('os.environ["URL"]', 'os.environ["URL"].replace(PUBLIC, os.environ["API"])'),
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    kind, source, sent, page = done.stdout.split("--- next\n")
    assert json.loads(kind)["name"] == "push.received"
    assert json.loads(source)["url"].startswith(f"{PUBLIC}/v1/sources/uds_")
    assert sent.startswith("200 ")
    (event,) = json.loads(page)["events"]
    assert (event["subject"], event["data"]["event"]) == (json.loads(source)["id"], "push")
    assert event["data"]["body"] == {"ref": "refs/heads/main", "pusher": {"name": "ada"}}
