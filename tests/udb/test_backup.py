"""A backup brings an installation back exactly, and a file that is no whole backup is never taken for one."""

import hashlib
import json
import secrets
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from migrations.run import migrate
from udb import backup, ports
from udb.embedded import Postgres
from udb.errors import ToolError
from udb.paths import Var

KEYS = "k2:YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY="
OTHER = "k1:MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY="
Machine = tuple[Postgres, Var]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Callable[[str], Machine]]:
    """Makes machines: each with folders and a running, empty Postgres of its own."""
    running: list[Postgres] = []

    def make(name: str) -> Machine:
        var = Var(tmp_path / name)
        var.create()
        port = ports.prefer(0)
        server = Postgres(var.postgres, port=port, password="pw", log=var.log / "postgres.log", fsync=False)
        server.start()
        running.append(server)
        return server, var

    yield make
    for server in running:
        server.stop()
        server.port.close()


@pytest.fixture
def filled(machine: Callable[[str], Machine]) -> Machine:
    """A migrated database with rows that are hard to copy."""
    server, var = machine("filled")
    migrate(server.url)
    (var.secrets / "postgres_password").write_text("of this machine alone")
    (var.secrets / "secret_keys").write_text(KEYS + "\n")
    (var.mail / "1.eml").write_text("To: ada@example.com")
    ask(server, "CREATE TABLE odd (id int PRIMARY KEY, text text, bytes bytea, document jsonb)")
    ask(
        server, "INSERT INTO odd VALUES (1, E'tab\\t\\nline \\\\ ✓', '\\x00ff', '{\"a\": null}'), (2, NULL, NULL, NULL)"
    )
    ask(server, "ALTER TABLE odd ENABLE ROW LEVEL SECURITY")
    ask(server, "ALTER TABLE odd FORCE ROW LEVEL SECURITY")
    ask(server, "CREATE POLICY nobody ON odd TO userdata_app USING (false)")
    ask(server, "GRANT SELECT ON odd TO userdata_app")
    return server, var


def ask(server: Postgres, statement: str) -> list[Any]:
    with closing(psycopg2.connect(server.url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def save(filled: Machine, target: Path) -> Path:
    server, var = filled
    backup.backup(target, url=server.url, var=var, keys=KEYS)
    return target


def bring_back(source: Path, machine: Machine, *, given: str | None = None, force: bool = False) -> backup.Manifest:
    server, var = machine
    return backup.restore(source, url=server.url, var=var, given_keys=given, force=force)


def schema(server: Postgres) -> list[Any]:
    """Everything that a dump of the schema would tell, but for names of owners."""
    columns = ask(
        server,
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY 1, 2",
    )
    policies = ask(server, "SELECT tablename, policyname, roles::text, qual, with_check FROM pg_policies ORDER BY 1, 2")
    grants = ask(
        server,
        "SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee LIKE 'userdata%' ORDER BY 1, 2, 3",
    )
    forced = ask(server, "SELECT relname, relforcerowsecurity FROM pg_class WHERE relrowsecurity ORDER BY 1")
    return [columns, policies, grants, forced]


def test_another_machine_gets_everything_back(
    filled: Machine, machine: Callable[[str], Machine], tmp_path: Path
) -> None:
    file = save(filled, tmp_path / "a.tar")
    fresh = machine("fresh")
    (fresh[1].secrets / "postgres_password").write_text("of the fresh machine")
    bring_back(file, fresh)
    assert ask(fresh[0], "SELECT * FROM odd ORDER BY 1")[0][1:2] == ("tab\t\nline \\ ✓",)
    assert schema(fresh[0]) == schema(filled[0])
    assert (fresh[1].secrets / "secret_keys").read_text().strip() == KEYS
    assert (fresh[1].secrets / "postgres_password").read_text() == "of the fresh machine"
    assert migrate(fresh[0].url) == []


def test_the_file_is_private_and_lists_what_it_holds(filled: Machine, tmp_path: Path) -> None:
    file = save(filled, tmp_path / "a.tar")
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as tar:
        names = set(tar.getnames())
        mail = json.load(tar.extractfile("mail.json") or pytest.fail("no mail.json"))
    assert names == {"manifest.json", "manifest.sha256", "database.dump", "mail.json", "secrets/secret_keys"}
    assert [(entry["name"], entry["bytes"]) for entry in mail] == [("1.eml", 19)]
    manifest = backup.archive.verify(file)
    assert manifest.rows["public.odd"] == 2
    assert manifest.migrations[0] == "0001_core"


def test_a_full_database_is_replaced_only_by_force(filled: Machine, tmp_path: Path) -> None:
    file = save(filled, tmp_path / "a.tar")
    server, var = filled
    ask(server, "DELETE FROM odd")
    ask(server, "CREATE TABLE later AS SELECT 1 AS id")
    (var.secrets / "secret_keys").write_text(OTHER)
    with pytest.raises(ToolError, match=r"not empty \(public\.later.*--force"):
        bring_back(file, filled)
    assert ask(server, "SELECT count(*) FROM odd") == [(0,)]
    bring_back(file, filled, force=True)
    assert ask(server, "SELECT count(*), to_regclass('later') FROM odd") == [(2, None)]
    kept = next(var.secrets.glob("secret_keys.before-*"))
    assert kept.read_text() == OTHER


def test_a_restore_that_fails_leaves_the_database_as_it_was(
    filled: Machine, machine: Callable[[str], Machine], tmp_path: Path
) -> None:
    file = save(filled, tmp_path / "a.tar")
    target = machine("other")
    ask(target[0], "CREATE TABLE mine AS SELECT 1 AS id")
    damaged = tmp_path / "damaged.tar"
    rewrite(file, damaged, database=b"PGDMP and then nothing that makes sense")
    with pytest.raises(ToolError, match="pg_restore cannot read the dump"):
        bring_back(damaged, target, force=True)
    # A role outside of the product is not known on the other machine, which shows at the very end.
    ask(filled[0], "CREATE ROLE outsider")
    ask(filled[0], "GRANT SELECT ON odd TO outsider")
    with pytest.raises(ToolError, match='role "outsider" does not exist'):
        bring_back(save(filled, tmp_path / "b.tar"), target, force=True)
    assert ask(target[0], "SELECT id FROM mine") == [(1,)]
    assert list(target[1].secrets.iterdir()) == []


def rewrite(source: Path, target: Path, *, database: bytes) -> None:
    """A copy of a backup with another dump in it, whose sums hold."""
    files = {}
    with tarfile.open(source) as tar:
        for name in tar.getnames():
            file = tar.extractfile(name)
            assert file is not None
            files[name] = file.read()
    manifest = json.loads(files["manifest.json"])
    files["database.dump"] = database
    manifest["files"]["database.dump"] = hashlib.sha256(database).hexdigest()
    files["manifest.json"] = json.dumps(manifest).encode()
    files["manifest.sha256"] = hashlib.sha256(files["manifest.json"]).hexdigest().encode()
    folder = target.parent / secrets.token_hex(4)
    with tarfile.open(target, "w") as tar:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            tar.add(path, name)


@pytest.mark.parametrize("position", [0.02, 0.5, 0.97])
def test_a_changed_byte_anywhere_is_found(position: float, filled: Machine, tmp_path: Path) -> None:
    file = save(filled, tmp_path / "a.tar")
    content = bytearray(file.read_bytes().rstrip(b"\0"))
    content[int(len(content) * position)] ^= 1
    file.write_bytes(content)
    with pytest.raises(ToolError, match=r"damaged|no whole backup"):
        backup.archive.verify(file)


def test_half_a_file_is_found(filled: Machine, tmp_path: Path) -> None:
    file = save(filled, tmp_path / "a.tar")
    file.write_bytes(file.read_bytes()[:8000])
    with pytest.raises(ToolError, match="no whole backup"):
        backup.archive.verify(file)


def test_a_backup_that_fails_leaves_nothing(filled: Machine, tmp_path: Path) -> None:
    server, var = filled
    place = tmp_path / "backups"
    place.mkdir()
    ask(server, "CREATE ROLE blind LOGIN PASSWORD 'pw'")
    blind = server.url.replace("userdata:pw@", "blind:pw@")
    for url, message in (
        (blind, "sees only some rows"),
        (f"{server.url}?sslmode=require", "cannot be read: .*does not support SSL"),
        (f"{server.url}?target_session_attrs=any", "target_session_attrs, which backups cannot use"),
    ):
        with pytest.raises(ToolError, match=message):
            backup.backup(place / "a.tar", url=url, var=var, keys=KEYS)
    assert list(place.iterdir()) == []


def test_an_older_backup_is_not_overwritten(filled: Machine, tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    file.write_text("older")
    with pytest.raises(ToolError, match="exists already"):
        save(filled, file)
    assert file.read_text() == "older"


def test_keys_of_the_operator_must_open_what_was_sealed(
    filled: Machine, machine: Callable[[str], Machine], tmp_path: Path
) -> None:
    file = save(filled, tmp_path / "a.tar")
    fresh = machine("fresh")
    with pytest.raises(ToolError, match="SECRET_KEYS lacks keys that sealed"):
        bring_back(file, fresh, given=OTHER)
    bring_back(file, fresh, given=f"{OTHER},{KEYS}")


def test_a_database_in_use_is_not_restored_into(filled: Machine, tmp_path: Path) -> None:
    file = save(filled, tmp_path / "a.tar")
    with (
        closing(psycopg2.connect(filled[0].url, application_name="userdata-relay")),
        pytest.raises(ToolError, match="running on this database: stop it"),
    ):
        bring_back(file, filled, force=True)


def test_the_backup_of_a_newer_version_is_refused(
    filled: Machine, machine: Callable[[str], Machine], tmp_path: Path
) -> None:
    ask(filled[0], "INSERT INTO schema_migration (name, applied) VALUES ('9999_future', now())")
    file = save(filled, tmp_path / "a.tar")
    with pytest.raises(ToolError, match=r"newer version .*9999_future"):
        bring_back(file, machine("fresh"))
