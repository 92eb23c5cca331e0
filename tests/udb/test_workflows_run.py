"""`udb workflows run`, as a developer runs it, against a product that a server of the test plays."""

import asyncio
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.udb.serving import serving
from udb.conf import ROOT

WORKSPACE = "ws_01jbrk8xw7e5tvh2c9n4m6q0za"
WORKFLOW = "wf_01jbrk8xw7e5tvh2c9n4m6q0za"
EXECUTION = "exe_01jbrk8xw7e5tvh2c9n4m6q0za"
FILE = ROOT / "docs" / "examples" / "order-approval.yaml"
BEGUN, ENDED = "2026-11-02T09:30:00Z", "2026-11-02T09:30:01.500Z"


def step(path: str, status: str, **fields: Any) -> dict[str, Any]:
    return {"path": path, "type": "http", "attempt": 1, "status": f"STEP_STATUS_{status}", "startTime": BEGUN, **fields}


def execution(state: str, **fields: Any) -> dict[str, Any]:
    return {"id": EXECUTION, "state": f"EXECUTION_STATE_{state}", "createTime": BEGUN, **fields}


@dataclass
class Product:
    """Answers what running asks. `streams` are what each call of WatchExecution sends before it ends."""

    streams: list[list[dict[str, Any]]]
    workflows: list[dict[str, Any]] = field(default_factory=list)
    refusal: dict[str, Any] | None = None
    calls: list[tuple[str, str, Any]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else dict(request.query)
        path = request.path.removeprefix(f"/v1/workspaces/{WORKSPACE}")
        self.calls.append((request.method, path, body))
        if path.endswith(":watch"):
            return await self._stream(request)
        if self.refusal:
            return web.json_response(self.refusal, status=400)
        if path == "/workflows" and request.method == "GET":
            return web.json_response({"workflows": self.workflows})
        if path.endswith(":execute"):
            return web.json_response(execution("READY"))
        state = "ACTIVE" if self.workflows or path.endswith(":activate") else "DRAFT"
        return web.json_response({"id": WORKFLOW, "version": 7, "state": f"WORKFLOW_STATE_{state}"})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for message in self.streams.pop(0):
            await response.write(f"data: {json.dumps(message)}\n\n".encode())
        return response


def run(product: Product, *arguments: str, file: Path = FILE) -> tuple[int, str, str]:
    """Status, output and errors of the command."""

    async def scene() -> tuple[int, str, str]:
        async with serving(product.answer) as url:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "udb", "workflows", "run", str(file), "--workspace", WORKSPACE, "--url", url),
                *("--api-key", "udw_key", *arguments),
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            output, errors = await asyncio.wait_for(process.communicate(), 60)
            return process.returncode or 0, output.decode(), errors.decode()

    return asyncio.run(scene())


def test_a_new_workflow_is_made_activated_and_executed() -> None:
    product = Product([[{"execution": execution("SUCCEEDED", endTime=ENDED, output={"state": "accepted"})}]])
    given = {"order_id": "4711", "total": 12}
    status, output, errors = run(product, "--input", json.dumps(given))
    assert (status, errors) == (0, "")
    assert product.calls == [
        ("GET", "/workflows", {"filter": 'name = "order-approval"'}),
        ("POST", "/workflows", {"name": "order-approval", "yaml": FILE.read_text()}),
        ("POST", f"/workflows/{WORKFLOW}:activate", {}),
        ("POST", f"/workflows/{WORKFLOW}:execute", {"input": given}),
        ("GET", f"/executions/{EXECUTION}:watch", {}),
    ]
    assert f"order-approval version 7  {EXECUTION}  SUCCEEDED  1.5 s" in output
    assert '"state": "accepted"' in output


def test_a_workflow_that_is_there_gets_the_definition_and_goes_by_the_name_given(tmp_path: Path) -> None:
    product = Product([[{"execution": execution("SUCCEEDED")}]], workflows=[{"id": WORKFLOW}])
    given = tmp_path / "input.json"
    given.write_text('{"total": 1}')
    status, _, errors = run(product, "--name", "approvals", "--input", f"@{given}")
    assert (status, errors) == (0, "")
    assert [call[:2] for call in product.calls[:3]] == [
        ("GET", "/workflows"),
        ("PATCH", f"/workflows/{WORKFLOW}"),
        ("POST", f"/workflows/{WORKFLOW}:execute"),
    ]
    assert product.calls[0][2] == {"filter": 'name = "approvals"'}
    assert product.calls[2][2] == {"input": {"total": 1}}


@pytest.mark.parametrize(("state", "status"), [("FAILED", 3), ("CANCELLED", 4), ("TIMED_OUT", 5)])
def test_the_exit_status_tells_how_the_execution_ended(state: str, status: int) -> None:
    error = {"code": "HTTP_STATUS", "message": "The server answered with 503.", "path": "charge"}
    done = execution(state, endTime=ENDED, error=error)
    got, output, _ = run(Product([[{"execution": done}]]))
    assert got == status
    assert "HTTP_STATUS  charge: The server answered with 503." in output


def test_attempts_and_waits_are_shown_also_when_the_stream_breaks_off() -> None:
    failed = {"code": "TIMEOUT", "message": "Nothing came within 10 s."}
    first = step("charge", "FAILED", endTime=ENDED, error=failed)
    second = step("charge", "SUCCEEDED", attempt=2, endTime=ENDED)
    waits = step("ask", "WAITING", type="approval")
    product = Product(
        [
            [{"execution": execution("WAITING"), "steps": [first, waits], "live": True}],
            [{"execution": execution("CANCELLED", endTime=ENDED), "steps": [first, second, waits]}],
        ]
    )
    status, output, _ = run(product)
    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert status == 4
    assert sum(call[1].endswith(":watch") for call in product.calls) == 2
    assert any(line.startswith("✗ charge http 1.5 s") and "TIMEOUT Nothing came" in line for line in lines)
    assert any(line.startswith("✓ charge ×2 http") for line in lines)
    assert any(line.startswith("… ask approval") and "waits for a decision" in line for line in lines)


def test_steps_of_one_moment_stand_as_the_definition_has_them() -> None:
    steps = [step(path, "SUCCEEDED", endTime=BEGUN) for path in ("accept", "ask", "decline")]
    _, output, _ = run(Product([[{"execution": execution("SUCCEEDED"), "steps": steps}]]))
    assert [line.split()[1] for line in output.splitlines() if "http" in line] == ["ask", "accept", "decline"]


def test_a_terminal_is_drawn_on_while_the_execution_goes_on() -> None:
    done = step("charge", "SUCCEEDED", endTime=ENDED)
    product = Product([[{"execution": execution("RUNNING")}, {"execution": execution("SUCCEEDED"), "steps": [done]}]])

    async def scene() -> tuple[int, str]:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 150, 0, 0))
        async with serving(product.answer) as url:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "udb", "workflows", "run", str(FILE), "--workspace", WORKSPACE, "--url", url),
                *("--api-key", "udw_key"),
                cwd=ROOT,
                env=os.environ | {"TERM": "xterm-256color"},
                stdout=slave,
                stderr=slave,
            )
            os.close(slave)
            drawn = await asyncio.to_thread(_all_of, master)
            return await asyncio.wait_for(process.wait(), 60), drawn

    status, drawn = asyncio.run(scene())
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn)
    assert status == 0, plain
    assert f"✓ order-approval version 7  {EXECUTION}  SUCCEEDED" in plain
    assert re.search(r"✓ +charge +http", plain)


def _all_of(master: int) -> str:
    """What is written to a terminal until its last writer is gone."""
    parts = []
    try:
        while part := os.read(master, 65536):
            parts.append(part)
    except OSError:
        pass  # Linux says so that nobody has the other side any more
    os.close(master)
    return b"".join(parts).decode()


def test_what_is_wrong_with_a_definition_is_all_told() -> None:
    violations = [
        {"field": "/steps/0/type", "description": "is no type of step"},
        {"field": "/steps", "description": "x"},
    ]
    status = {
        "code": 3,
        "message": "The definition is wrong.",
        "details": [{"reason": "WORKFLOW_DEFINITION_INVALID"}, {"fieldViolations": violations}],
    }
    got, _, errors = run(Product([], refusal=status))
    assert got == 1
    assert errors == "udb: The definition is wrong.\n  /steps/0/type is no type of step\n  /steps x\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--input", "{"), "--input is no JSON"),
        (("--input", "[1]"), "--input is a JSON object"),
        (("--input", "@/nowhere/input.json"), "/nowhere/input.json cannot be read"),
    ],
)
def test_an_input_that_is_none_is_refused_before_anything_is_done(arguments: tuple[str, ...], told: str) -> None:
    product = Product([])
    status, _, errors = run(product, *arguments)
    assert status == 1
    assert told in errors
    assert product.calls == []
