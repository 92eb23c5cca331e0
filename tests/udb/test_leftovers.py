"""What a killed run left is ended; what merely has the number of one of ours is not touched."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.wait import until
from udb.paths import Var
from udb.supervisor import leftovers, proc
from udb.supervisor.state import Running, State


@pytest.fixture
def var(tmp_path: Path) -> Var:
    var = Var(tmp_path / "var")
    var.create()
    return var


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Somebody's process, in a session of its own."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True) as child:
        yield child
        child.kill()


def record(var: Var, process: Running, **more: str) -> None:
    replace(State(processes={"relay": process}), **more).save(var)  # type: ignore[arg-type]


def running(pid: int) -> Running:
    return Running(pid, proc.started(pid), int(signal.SIGTERM))


def test_a_process_of_the_run_before_is_ended(var: Var, process: subprocess.Popen[bytes]) -> None:
    record(var, running(process.pid))
    assert leftovers.clean(var) == 1
    assert process.wait(5) == -signal.SIGTERM


def test_a_deaf_one_is_killed(var: Var, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "_PATIENCE_S", 0.3)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True) as deaf:
        assert deaf.stdout is not None
        deaf.stdout.readline()
        record(var, running(deaf.pid))
        assert leftovers.clean(var) == 1
        assert deaf.wait(5) == -signal.SIGKILL


def test_a_stranger_with_the_same_number_is_left_alone(var: Var, process: subprocess.Popen[bytes]) -> None:
    ours = running(process.pid)
    assert ours.started is not None
    record(var, replace(ours, started=ours.started - 1))
    assert leftovers.clean(var) == 0
    record(var, ours, boot="another boot")
    assert leftovers.clean(var) == 0
    assert process.poll() is None


def test_what_a_dead_process_started_is_ended_if_it_is_marked_as_ours(var: Var) -> None:
    start = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']"
    command = [sys.executable, "-c", f"{start}, stdout=subprocess.DEVNULL); print(p.pid)"]
    children = []
    for environment in ({**os.environ, proc.MARK: str(var.root)}, dict(os.environ)):
        parent = subprocess.run(command, stdout=subprocess.PIPE, env=environment, start_new_session=True, check=True)
        child = int(parent.stdout)
        children.append(child)
        session = os.getsid(child)
        record(var, Running(session, 1, int(signal.SIGTERM)))
        leftovers.clean(var)
    until(lambda: proc.started(children[0]) is None)
    assert proc.started(children[1]) is not None
    os.kill(children[1], signal.SIGKILL)


def test_a_state_that_cannot_be_read_is_none(var: Var) -> None:
    for text in ("", "{}", "[1]", '{"processes": {"a": {"pid": 1}}}'):
        (var.run / "state.json").write_text(text)
        assert leftovers.clean(var) == 0
