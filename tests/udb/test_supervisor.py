"""Processes are kept up, stopped in order and within a bound, and never left behind."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.support.wait import until
from udb.paths import Var
from udb.supervisor import proc
from udb.supervisor.child import GaveUp
from udb.supervisor.spec import Spec
from udb.supervisor.state import State
from udb.supervisor.supervisor import StopRequested, Supervisor

SLEEPS = "import time, signal; {} time.sleep(600)"
DEAF = SLEEPS.format("signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True);")


class Ear:
    """Remembers what the operator is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.lines: list[tuple[str, bytes]] = []

    def announce(self, text: str) -> None:
        self.said.append(text)

    def show(self, name: str, line: bytes) -> None:
        self.lines.append((name, line))


@pytest.fixture
def var(tmp_path: Path) -> Var:
    var = Var(tmp_path / "var")
    var.create()
    return var


@pytest.fixture
def ear() -> Ear:
    return Ear()


def spec(name: str, code: str = SLEEPS.format(""), **more: object) -> Spec:
    """A Python process; it counts as ready once it exists."""
    values: dict[str, object] = {"probe": lambda: None, **more}
    return Spec(name=name, command=(sys.executable, "-c", code), **values)  # type: ignore[arg-type]


def run(var: Var, ear: Ear, work: Callable[[Supervisor], Awaitable[None]]) -> None:
    """Run `work` with a supervisor, which is stopped at the end."""

    async def main() -> None:
        supervisor = Supervisor(var, environment=dict(os.environ), operator=ear)
        try:
            await work(supervisor)
        finally:
            await supervisor.stop()

    asyncio.run(main())


async def eventually(holds: Callable[[], object], within: float = 10.0) -> None:
    """Wait for a condition without holding up the loop."""
    await asyncio.to_thread(partial(until, holds, within=within))


def spoke(log: Path) -> None:
    """A probe: the process has written something, so its signal handlers are set."""
    if not log.read_text().endswith("\n"):
        raise ConnectionError


def pids(supervisor: Supervisor) -> dict[str, int]:
    return {name: process.pid for name, process in supervisor.state.processes.items() if process.ready}


def test_a_killed_process_is_back_and_both_is_said(var: Var, ear: Ear) -> None:
    async def work(supervisor: Supervisor) -> None:
        await supervisor.start([spec("relay")])
        before = pids(supervisor)["relay"]
        os.kill(before, signal.SIGKILL)
        await eventually(lambda: pids(supervisor).get("relay") not in (None, before))
        assert supervisor.state.processes["relay"].restarts == 1
        state = State.load(var)
        assert state is not None
        assert state.processes["relay"].pid == pids(supervisor)["relay"]

    run(var, ear, work)
    assert ear.said[0] == "relay was ended by SIGKILL; starting it again in 0.2 s"
    assert ear.said[1].startswith("relay is back after ")


def test_the_delay_doubles_while_a_process_keeps_failing(var: Var, ear: Ear) -> None:
    async def work(supervisor: Supervisor) -> None:
        with pytest.raises(GaveUp, match="failed 5 times without ever being ready: it exited with status 3") as raised:
            await supervisor.start([spec("worker.1", "print('no such table'); raise SystemExit(3)", probe=_never)])
        assert str(raised.value).endswith("\nno such table")

    run(var, ear, work)
    delays = [text.rpartition(" in ")[2] for text in ear.said]
    assert delays == ["0.2 s", "0.4 s", "0.8 s", "1.6 s"]


def _never() -> None:
    raise ConnectionError


def test_a_process_that_was_ready_once_is_never_given_up(var: Var, ear: Ear) -> None:
    marker = var.root / "broken"

    def probe() -> None:
        if marker.exists():
            raise ConnectionError

    code = f"import os, time; time.sleep(0 if os.path.exists({str(marker)!r}) else 600)"

    async def work(supervisor: Supervisor) -> None:
        await supervisor.start([spec("redis", code, probe=probe)])
        marker.touch()
        os.kill(pids(supervisor)["redis"], signal.SIGKILL)
        await eventually(lambda: len(ear.said) >= 5, within=15)
        marker.unlink()
        await eventually(lambda: "redis" in pids(supervisor))

    run(var, ear, work)


def test_a_process_that_never_gets_ready_stops_the_start(var: Var, ear: Ear) -> None:
    async def work(supervisor: Supervisor) -> None:
        with pytest.raises(GaveUp, match=r"rpc.1 is not ready after 0.3 s"):
            await supervisor.start([spec("rpc.1", probe=_never, ready_within=0.3)])

    run(var, ear, work)


def test_stages_stop_in_reverse_order(var: Var, ear: Ear) -> None:
    log = var.root / "order"
    code = (
        "import signal, sys, time\n"
        f"def end(*_):\n    open({str(log)!r}, 'a').write(sys.argv[1] + ' ')\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\nprint('{}', flush=True)\ntime.sleep(600)"
    )

    def stage(name: str) -> Spec:
        probe = partial(spoke, var.log / f"{name}.log")
        return Spec(name=name, command=(sys.executable, "-c", code, name), probe=probe)

    async def work(supervisor: Supervisor) -> None:
        await supervisor.start([stage("redis")], [stage("worker")], [stage("rpc")])

    run(var, ear, work)
    assert log.read_text().split() == ["rpc", "worker", "redis"]


def test_a_deaf_process_is_killed_in_time_with_all_it_started(var: Var, ear: Ear) -> None:
    child = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    code = f"{child} import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(p.pid, flush=True);"
    log = var.log / "worker.1.log"
    grandchildren: list[int] = []

    async def work(supervisor: Supervisor) -> None:
        deaf = spec("worker.1", code + "time.sleep(600)", stop_within=0.3, probe=partial(spoke, log))
        await supervisor.start([deaf])
        grandchildren.append(int(log.read_text()))
        began = time.monotonic()
        await supervisor.stop()
        assert time.monotonic() - began < 3

    run(var, ear, work)
    assert ear.said == ["worker.1 did not stop in time: SIGKILL"]
    until(lambda: proc.started(grandchildren[0]) is None)


def test_asking_twice_hurries_but_one_ctrl_c_that_arrives_twice_does_not(var: Var, ear: Ear) -> None:
    async def work(supervisor: Supervisor) -> None:
        log = var.log / "rpc.1.log"
        await supervisor.start([spec("rpc.1", DEAF, stop_within=8.0, probe=partial(spoke, log))])
        supervisor.request_stop()
        supervisor.request_stop()
        stop = asyncio.create_task(supervisor.stop())
        done, _ = await asyncio.wait({stop}, timeout=0.5)
        assert not done
        supervisor.request_stop()
        began = time.monotonic()
        await stop
        assert time.monotonic() - began < 2

    run(var, ear, work)


def test_a_stop_during_the_start_ends_it(var: Var, ear: Ear) -> None:
    async def work(supervisor: Supervisor) -> None:
        asyncio.get_running_loop().call_later(0.2, supervisor.request_stop)
        with pytest.raises(StopRequested):
            await supervisor.start([spec("rpc.1", probe=_never)])

    run(var, ear, work)
    state = State.load(var)
    assert state is not None
    assert state.processes == {}


def test_a_command_that_fails_is_reported_with_its_output(var: Var, ear: Ear) -> None:
    async def work(supervisor: Supervisor) -> None:
        await supervisor.once("migrate", (sys.executable, "-c", "print('fine')"))
        with pytest.raises(GaveUp, match="migrate failed:\nno such role"):
            await supervisor.once("migrate", (sys.executable, "-c", "raise SystemExit('no such role')"))

    run(var, ear, work)


def test_log_lines_that_matter_reach_the_operator(var: Var, ear: Ear) -> None:
    async def work(supervisor: Supervisor) -> None:
        await supervisor.start([spec("relay", "print('what is this', flush=True); import time; time.sleep(600)")])
        await eventually(lambda: ear.lines)

    run(var, ear, work)
    assert ear.lines == [("relay", b"what is this")]


def test_a_process_without_a_probe_is_ready_when_it_says_so(var: Var, ear: Ear) -> None:
    code = 'import time; time.sleep(0.3); print(\'{"event": "relay ready"}\', flush=True); time.sleep(600)'

    async def work(supervisor: Supervisor) -> None:
        began = time.monotonic()
        await supervisor.start([spec("relay", code, probe=None)])
        assert 0.3 < time.monotonic() - began < 4

    run(var, ear, work)


def test_even_a_wholly_deaf_installation_is_gone_within_10_seconds(var: Var, ear: Ear) -> None:
    code = "import signal, time; [signal.signal(n, signal.SIG_IGN) for n in (2, 3, 15)]; print('up', flush=True);"
    bounds = {"postgres": 60.0, "redis": 2.0, "worker.1": 3.0, "rpc.1": 2.0, "envoy": 1.5}

    def deaf(name: str) -> Spec:
        log = var.log / f"{name}.log"
        hurry = signal.SIGQUIT if name == "postgres" else signal.SIGKILL
        values = {"stop_within": bounds[name], "hurry_signal": hurry, "probe": partial(spoke, log)}
        return spec(name, f"{code} time.sleep(600)", **values)

    async def work(supervisor: Supervisor) -> None:
        await supervisor.start(*([deaf(name)] for name in bounds))
        began = time.monotonic()
        await supervisor.stop()
        assert time.monotonic() - began < 10

    run(var, ear, work)
    assert ear.said[-1] == "postgres did not stop in time: SIGKILL"
