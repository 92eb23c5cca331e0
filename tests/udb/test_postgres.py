"""The embedded Postgres is safe by default, private, and starts whatever the last end looked like."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.support.wait import until
from tests.udb.machine import kinds_of_identity
from udb import ports
from udb.embedded import Postgres, identity
from udb.errors import ToolError
from udb.supervisor import proc

PASSWORD = "it's / a: p@ss"
Make = Callable[..., Postgres]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with closing(ports.prefer(0)) as port:

        def make(place: Path = tmp_path, *, fsync: bool = False, sockets: Path | None = tmp_path) -> Postgres:
            log = tmp_path / "postgres.log"
            return Postgres(place / "postgres", port=port, password=PASSWORD, log=log, sockets=sockets, fsync=fsync)

        yield make


def ask(url: str, statement: str) -> Any:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


def test_its_settings_are_those_of_a_product(make: Make) -> None:
    with make(fsync=True) as server:
        names = (
            "fsync",
            "full_page_writes",
            "synchronous_commit",
            "data_checksums",
            "jit",
            "TimeZone",
            "max_connections",
        )
        values = {name: ask(server.url, f"SHOW {name}")[0] for name in names}
        locale = ask(server.url, "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'userdata'")
    assert values == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "jit": "off",
        "TimeZone": "UTC",
        "max_connections": "200",
    }
    assert locale == ("b", "C.UTF-8")


def test_nobody_gets_in_without_the_password(make: Make) -> None:
    with make() as server:
        for url in (server.url, server.tcp_url):
            wrong = url.replace("it%27s", "wrong")
            assert wrong != url
            with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
                psycopg2.connect(wrong)
        assert ask(server.tcp_url, "SELECT inet_server_addr()::text") == ("127.0.0.1/32",)
        assert (server.data.stat().st_mode & 0o777) == 0o700


def test_the_socket_is_preferred_unless_its_path_will_not_do(make: Make, tmp_path: Path) -> None:
    assert "host=%2F" in make().url
    assert "@127.0.0.1:" in make(sockets=tmp_path / ("x" * 100)).url
    assert "@127.0.0.1:" in make(sockets=tmp_path / "a,b").url
    assert "@127.0.0.1:" in make(sockets=None).url


def test_data_outlives_a_stop_and_a_kill(make: Make) -> None:
    with make(fsync=True) as server:
        ask(server.url, "CREATE TABLE kept (id int)")
        ask(server.url, "INSERT INTO kept VALUES (1)")
    with make(fsync=True) as server:
        ask(server.url, "INSERT INTO kept VALUES (2)")
        os.kill(server.pid, signal.SIGKILL)
    with make(fsync=True) as server:
        assert ask(server.url, "SELECT sum(id) FROM kept") == (3,)


def test_settings_of_the_operator_win(make: Make) -> None:
    server = make()
    server.folder.mkdir(mode=0o700)
    (server.folder / "local.conf").write_text("work_mem = '7MB'\n")
    with server:
        assert ask(server.url, "SHOW work_mem") == ("7MB",)


def test_a_lock_file_with_a_strangers_number_is_cleared(make: Make) -> None:
    with make() as server:
        lock = server.data / "postmaster.pid"
        text = lock.read_text()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
        lock.write_text("\n".join([str(stranger.pid), *text.split("\n")[1:]]))
        with make() as server:
            assert ask(server.url, "SELECT 1") == (1,)
        assert stranger.poll() is None
        stranger.kill()


def test_a_server_that_still_runs_on_the_data_is_ended_first(make: Make) -> None:
    first = make()
    first.start()
    old = first.pid
    with make() as second:
        assert proc.started(old) is None
        assert ask(second.url, "SELECT 1") == (1,)
    first.stop()


def test_half_a_cluster_is_made_anew(make: Make) -> None:
    part = make().folder / "data.part"
    part.mkdir(parents=True)
    (part / "PG_VERSION").write_text("18\n")
    with make() as server:
        assert ask(server.url, "SELECT 1") == (1,)


def test_the_data_of_another_version_is_refused_with_a_way_out(make: Make) -> None:
    server = make()
    server.prepare()
    (server.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(ToolError, match="made by Postgres 17, this is 18: restore a backup"):
        server.start()


def test_a_failed_start_shows_the_log(make: Make) -> None:
    server = make()
    server.folder.mkdir(mode=0o700)
    (server.folder / "local.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(ToolError, match=r"(?s)postgres did not start.*no_such_setting"):
        server.start()


def test_statements_and_values_stay_out_of_the_log(make: Make) -> None:
    with make() as server:
        ask(server.url, "CREATE TABLE person (email text PRIMARY KEY)")
        ask(server.url, "INSERT INTO person VALUES ('ada@example.com')")
        with pytest.raises(psycopg2.IntegrityError):
            ask(server.url, "INSERT INTO person VALUES ('ada@example.com')")
        until(lambda: "duplicate key" in server.log.read_text())
        log = server.log.read_text()
    assert "ada@example.com" not in log


@pytest.mark.parametrize("kind", kinds_of_identity())
def test_it_runs_as_whoever_starts_it(kind: str, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root: in a namespace, or as an unprivileged account where namespaces are refused."""
    works = identity._works  # what the machine refuses is all that is replaced
    monkeypatch.setattr(identity, "_works", lambda who, *rest: who.startswith(kind) and works(who, *rest))
    # An account can pass the folders above this one, but not those of a test.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o700 if kind == "passing" else 0o755)
        with make(Path(folder)) as server:
            assert server.identity.partition(":")[0] == kind
            assert (Path(f"/proc/{server.pid}").stat().st_uid == os.geteuid()) == (kind not in {"account", "passing"})
            assert ask(server.url, "SELECT 1") == (1,)
        with make(Path(folder)) as again:
            assert again.identity == server.identity


def test_a_folder_that_nobody_else_can_reach_is_refused_with_the_ways_out(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(identity, "_works", lambda *_: False)
    monkeypatch.setattr(identity, "_give", lambda *_: None)
    with pytest.raises(
        ToolError, match=r"run as an ordinary user, or make its parent folders passable .* DATABASE_URL"
    ):
        make().start()
