"""`udb up` as an operator meets it: real Postgres, Redis and Envoy, and fakes for the product's own processes."""

import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psycopg2
import pytest
import redis

from tests.support.wait import until
from tests.udb.certificates import make_certificate
from udb import environment, probes
from udb.conf import ROOT
from udb.errors import ToolError
from udb.installation import Installation
from udb.supervisor import proc
from udb.supervisor.spec import serves
from udb.supervisor.state import READY, State

# One process runs them all, so that they share one installation.
pytestmark = pytest.mark.xdist_group("udb up")

Install = Callable[..., Installation]
NAMES = {"postgres", "redis", "relay", "scheduler", "worker.1", "rpc.1", "rpc.2", "streams", "envoy"}


def ready(url: str) -> bool:
    """Whether the product answers through Envoy."""
    return serves(partial(probes.http_serves, url.removeprefix("http://"), "/readyz"))


def tree(installation: Installation) -> set[int]:
    """Every living process that the installation started, however deep."""
    sessions = [process.pid for process in installation.processes.values()]
    return {installation.pid, *sessions, *(pid for session in sessions for pid in proc.members(session))}


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if proc.started(pid) is not None}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, procfile: Path) -> Iterator[Installation]:
    """One installation for the tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("up")
    with Installation(folder / "var", {"PROCFILE": str(procfile), "SERVER_PROCESSES": "2"}) as installation:
        yield installation


def test_everything_runs_and_answers_where_it_says(running: Installation) -> None:
    assert set(running.processes) == NAMES
    assert all(process.ready for process in running.processes.values())
    assert ready(running.http_url)
    psycopg2.connect(running.database_url).close()
    with redis.Redis.from_url(running.broker_url) as broker:
        assert broker.ping()


def test_the_output_is_plain_lines_with_progress_and_addresses(running: Installation) -> None:
    lines = running.output.splitlines()
    assert lines[0].startswith("✓ Postgres and Redis ")
    assert lines[1].startswith("✓ Migrations ")
    assert any(line.split() == ["REST", f"{running.http_url}/v1"] for line in lines)
    assert any(line.split() == ["Swagger", "UI", f"{running.http_url}/api/docs"] for line in lines)
    assert "\x1b" not in running.output
    assert "relay     │ warning  waiting  broker=redis://" in running.output


def test_what_is_secret_is_readable_by_its_owner_alone(running: Installation) -> None:
    var = running.var
    for folder in (var.secrets, var.run, var.log, var.mail, var.postgres, var.redis):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in (environment.path(var), var.secrets / "secret_keys", var.redis / "redis.conf", *var.log.iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    passwords = {(var.secrets / name).read_text().strip() for name in ("postgres_password", "redis_password")}
    for pid in tree(running):
        line = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        assert not any(password in line for password in passwords)


def test_a_shell_can_take_the_environment_over(running: Installation) -> None:
    script = f'set -a; . "{environment.path(running.var)}"; exec "{sys.executable}" -c "{_CONNECT}"'
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "18"


_CONNECT = "import os, psycopg2; print(psycopg2.connect(os.environ['DATABASE_URL']).server_version // 10000)"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_killed_process_is_back_within_seconds(name: str, running: Installation) -> None:
    killed = running.kill(name)
    process = running.back(name, killed, within=10)
    assert process.restarts >= 1
    assert f"{name} was ended by SIGKILL; starting it again in" in running.output
    until(lambda: f"{name} is back after" in running.output)
    until(lambda: ready(running.http_url))


def test_a_second_one_on_the_same_data_is_refused_with_the_first_ones_id(running: Installation) -> None:
    second = Installation(running.var.root, running.env)
    second._log = running.var.root / "second.out"  # not to overwrite the first one's
    with pytest.raises(
        ToolError, match=rf"in use by process {running.pid}: press Ctrl-C .* or run `kill {running.pid}`"
    ):
        second.start()
    assert second.stop() == 1
    assert set(running.processes) == NAMES


def test_other_commands_find_the_running_installation(running: Installation) -> None:
    command = [sys.executable, "-m", "udb", "migrate"]
    done = subprocess.run(command, cwd=ROOT, env=running.env, capture_output=True, text=True, check=True)
    assert done.stdout == "The database is up to date.\n"


def test_ctrl_c_stops_everything_and_data_stays(install: Install) -> None:
    installation = install()
    installation.start()
    with psycopg2.connect(installation.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id int)")
    connection.close()
    pids = tree(installation)
    began = time.monotonic()
    assert installation.stop(signal.SIGINT) == 0
    assert time.monotonic() - began < 10
    assert alive(pids) == set()
    assert not environment.path(installation.var).exists()
    assert (installation.var.postgres / "data" / "postmaster.pid").exists() is False
    assert "Stopped" in installation.output

    with installation:
        with psycopg2.connect(installation.database_url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM kept")
            assert cursor.fetchone() == (0,)
        connection.close()


def test_a_killed_supervisor_leaves_nothing_and_the_next_start_just_works(install: Install) -> None:
    installation = install()
    installation.start()
    pids = tree(installation)
    os.kill(installation.pid, signal.SIGKILL)
    until(lambda: not alive(pids), within=10, saying="processes outlived their supervisor")
    with installation:
        assert ready(installation.http_url)


def test_a_frozen_process_of_a_killed_run_is_ended_by_the_next_start(install: Install) -> None:
    installation = install()
    installation.start()
    frozen = installation.kill("worker.1", signal.SIGSTOP)
    until(lambda: Path(f"/proc/{frozen}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    os.kill(installation.pid, signal.SIGKILL)
    installation.stop()
    assert alive({frozen}) == {frozen}
    with installation:
        assert alive({frozen}) == set()
        assert "that a killed run had left" in installation.output


def test_a_taken_port_is_told_before_anything_starts(install: Install) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        installation = install(HTTP_PORT=str(number))
        with pytest.raises(ToolError, match=rf"udb: Port {number} is taken by pid {os.getpid()} "):
            installation.start()
    assert installation.stop() == 1
    assert not installation.var.postgres.exists()


def test_a_process_that_cannot_start_ends_it_all_with_its_last_words(
    install: Install, procfile: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "Procfile"
    broken.write_text(procfile.read_text().replace("job.py", "no_such_file.py", 1))
    installation = install(PROCFILE=str(broken))
    with pytest.raises(ToolError, match=r"(?s)relay failed 5 times without .*No such file or directory"):
        installation.start()
    assert installation.stop() == 1


def test_wrong_settings_are_all_told_at_once(install: Install) -> None:
    installation = install(SERVER_PROCESSES="none", HTTP_PORT="99999")
    with pytest.raises(ToolError, match=r"(?s)HTTP_PORT .*SERVER_PROCESSES ") as raised:
        installation.start()
    assert "Traceback" not in str(raised.value)
    assert installation.stop() == 1


def test_external_servers_are_used_instead_of_the_embedded_ones(running: Installation, install: Install) -> None:
    with install(DATABASE_URL=running.database_url, BROKER_URL=running.broker_url) as installation:
        assert set(installation.processes) == NAMES - {"postgres", "redis"}
        assert installation.database_url == running.database_url
        assert ready(installation.http_url)
    assert not installation.var.postgres.exists()


def udb(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "udb", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_a_running_installation_is_backed_up_and_brought_back_elsewhere(
    running: Installation, install: Install, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    done = udb(running.env, "backup", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    refused = udb(running.env, "restore", str(file), "--force")
    assert refused.stderr == "udb: The installation is running: stop it before restoring.\n"

    elsewhere = install()
    done = udb(elsewhere.env, "restore", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    name = "secret_keys"
    assert (elsewhere.var.secrets / name).read_text() == (running.var.secrets / name).read_text()
    with elsewhere:
        assert ready(elsewhere.http_url)


def test_a_reader_that_goes_away_does_not_stop_it(install: Install) -> None:
    installation = install()
    command = f'"{sys.executable}" -m udb up | head -n 1'
    with subprocess.Popen(["/bin/sh", "-c", command], cwd=ROOT, env=installation.env, stdout=subprocess.PIPE) as shell:
        assert shell.stdout is not None
        assert b"Postgres and Redis" in shell.stdout.readline()
        until(lambda: (state := State.load(installation.var)) and state.phase == READY, within=60)
        state = State.load(installation.var)
        assert state is not None
        os.kill(state.supervisor, signal.SIGTERM)
        assert shell.wait(15) == 0
    assert proc.started(state.supervisor) is None


def test_tls_is_served_beside_the_plain_port(install: Install, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, days=30)
    env = {"TLS_CERTIFICATE": certificate, "TLS_PRIVATE_KEY": key, "TLS_PORT": "0"}
    with install(**env) as installation:
        url = installation.state.addresses["https"]
        trust = ssl.create_default_context(cafile=certificate)
        trust.check_hostname = False
        with urllib.request.urlopen(f"{url}/readyz", context=trust, timeout=5) as answer:  # noqa: S310 - https, ours
            assert answer.status == 200
        assert f"TLS         {url}" in installation.output


def test_it_runs_in_a_folder_with_a_strange_name(procfile: Path) -> None:
    # Short enough for the path of a Unix socket, which a test's own folder is not.
    with tempfile.TemporaryDirectory(prefix="udb") as folder:
        var = Path(folder) / 'it\'s a "strange" \\ name ✓ $HOME'
        with Installation(var, {"PROCFILE": str(procfile)}) as installation:
            assert ready(installation.http_url)
            psycopg2.connect(installation.database_url).close()
            assert "host=" in installation.database_url
            installation.back("redis", installation.kill("redis"))
