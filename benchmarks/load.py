"""What a load is and what it gave: the words between the benchmark and its generator process.

The generator runs as a process of its own (`python -m benchmarks.generator`), so that it competes with both sides alike
and its processor time can be told apart.
"""

import json
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv-bench" / "bin" / "python"
"""Runs the generator and the peer; `make bench` puts benchmarks/requirements.lock there."""
PREFECT_PYTHON = ROOT / ".venv-bench-prefect" / "bin" / "python"
"""Runs the Prefect peer, which wants older versions of what the others have: benchmarks/requirements-prefect.lock."""

HTTP, GRPC = "http", "grpc"
UUID_MARK = b"00000000-0000-4000-8000-000000000000"
"""Stands in a request for a UUID that is fresh in each call; of the same length, so that no length field changes."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """One run of the generator.

    Attributes:
        protocol: HTTP or GRPC.
        addresses: where to connect; the connections are spread evenly over them.
        requests: whole requests as bytes, sent in turn; UUID_MARK in them becomes a fresh UUID.
        expected: the status of a good answer, HTTP's or gRPC's.
        connections: how many, each with one request in flight.
        seconds: how long to count.
        count: stop after that many requests instead.
        warm_up: seconds before that, not counted.
        rate: requests per second at even distances (open loop), or None for as fast as answers come (closed loop).
    """

    protocol: str
    addresses: list[tuple[str, int]]
    requests: list[bytes]
    expected: int = 200
    connections: int = 32
    seconds: float = 8.0
    count: int | None = None
    warm_up: float = 1.0
    rate: float | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one run gave.

    Latencies are in milliseconds. In an open loop they count from the moment a request was due, so a stalled server
    cannot hide the requests that it kept from being sent.

    Attributes:
        requests: good answers within the time that counts.
        errors: other answers, and in an open loop requests that were due but never answered.
        client_cpu_us: the generator's own processor time per request, microseconds.
        sample: one wrong answer, for the message.
        statuses: how many wrong answers of each status.
        costs: processor time per request, microseconds, by kind of process (`benchmarks.costs`).
        foreign: share of the machine's processors that programs of neither side took meanwhile.
    """

    requests: int
    errors: int
    seconds: float
    rate: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    client_cpu_us: float
    sample: str = ""
    statuses: dict[str, int] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)
    foreign: float = 0.0


class LoadFailedError(RuntimeError):
    """A run that cannot count: the generator failed or the server gave wrong answers."""


def encode(load: Load) -> str:
    """The load as JSON."""
    return json.dumps(asdict(load) | {"requests": [request.hex() for request in load.requests]})


def decode(text: str) -> Load:
    """A load from the JSON that `encode` wrote."""
    values: dict[str, Any] = json.loads(text)
    values["requests"] = [bytes.fromhex(request) for request in values["requests"]]
    values["addresses"] = [(host, port) for host, port in values["addresses"]]
    return Load(**values)


def run(load: Load) -> Outcome:
    """Runs one load in a process of its own.

    Raises:
        LoadFailedError: the generator ended with an error, or one answer in a thousand was wrong.
    """
    limit = 60.0 + load.warm_up + (load.seconds if load.count is None else 600.0)
    ended = subprocess.run(
        [PYTHON, "-m", "benchmarks.generator"],
        input=encode(load),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=limit,
        check=False,
    )
    if ended.returncode:
        message = f"The load generator failed: {ended.stderr.strip()[-2000:]}"
        raise LoadFailedError(message)
    outcome = Outcome(**json.loads(ended.stdout))
    if outcome.errors > outcome.requests / 1000:
        message = f"{outcome.errors} of {outcome.errors + outcome.requests} answers were wrong: {outcome.sample}"
        raise LoadFailedError(message)
    return outcome
