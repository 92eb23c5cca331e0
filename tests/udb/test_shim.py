"""A process under the shim ends with the one that started it, and is who it is told to be."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.wait import until
from tests.udb.machine import identities
from udb.supervisor import proc
from udb.supervisor.spec import guarded

PARENT = """
import signal, subprocess, sys, time
from udb.supervisor.spec import guarded
child = subprocess.Popen(guarded((sys.executable, "-c", "import time; time.sleep(600)"), death_signal=signal.SIGTERM))
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_killed_parent_takes_its_child_along() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent, parent.stdout:
        child = int(parent.stdout.readline())
        assert proc.started(child) is not None
        parent.kill()
    until(lambda: proc.started(child) is None, saying="the child outlived its parent")


def test_a_program_keeps_the_id_that_was_started() -> None:
    code = "import os; print(os.getpid())"
    child = subprocess.Popen(guarded((sys.executable, "-c", code)), stdout=subprocess.PIPE, text=True)
    output, _ = child.communicate()
    assert int(output) == child.pid


def test_a_missing_program_is_one_sentence() -> None:
    done = subprocess.run(guarded(("/no/such/program",)), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "/no/such/program: No such file or directory\n")


def test_every_identity_works_on_our_files_under_its_own_id(tmp_path: Path) -> None:
    code = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).touch(); print(os.geteuid())"
    for identity, uid in identities().items():
        command = (sys.executable, "-c", code, str(tmp_path / identity))
        done = subprocess.run(guarded(command, identity=identity), capture_output=True, text=True, check=True)
        assert done.stdout == f"{uid}\n"
        assert (tmp_path / identity).stat().st_uid == os.geteuid()


def test_nothing_starts_once_the_parent_is_gone() -> None:
    command = guarded((sys.executable, "-c", "print('ran')"))
    command[command.index(str(os.getpid()))] = "1"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_wish_for_a_signal_survives_the_change_of_identity(number: signal.Signals) -> None:
    code = "import ctypes; n = ctypes.c_int(); ctypes.CDLL(None).prctl(2, ctypes.byref(n), 0, 0, 0); print(n.value)"
    for identity in identities():
        command = guarded((sys.executable, "-c", code), identity=identity, death_signal=number)
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"{int(number)}\n"
