"""Brings a backup back, in one transaction."""

import tempfile
import time
from pathlib import Path
from typing import Any, Final

import psycopg2
from peewee import PeeweeException
from psycopg2 import sql

from migrations import run as migrations
from server.core.config import parse_keys
from udb import environment
from udb.backup import archive, client
from udb.backup.archive import Manifest
from udb.backup.save import count
from udb.errors import ToolError
from udb.paths import Var

_OURS: Final = "nspname !~ '^pg_' AND nspname <> 'information_schema'"


def restore(source: Path, *, url: str, var: Var, given_keys: str | None, force: bool) -> Manifest:
    """Make the installation with the database at `url` what the backup `source` holds.

    `given_keys` is the operator's own SECRET_KEYS. What is there already is replaced only with `force`. Raises
    ToolError; the database is then as it was.
    """
    manifest = archive.verify(source)
    try:
        _restore(source, manifest, url=url, var=var, given_keys=given_keys, force=force)
    except (psycopg2.Error, PeeweeException) as error:
        raise ToolError(f"The database cannot be restored: {str(error).strip()}") from error
    return manifest


def _restore(source: Path, manifest: Manifest, *, url: str, var: Var, given_keys: str | None, force: bool) -> None:
    unknown = set(manifest.migrations) - {step.name for step in migrations.status(url)}
    if unknown:
        raise ToolError(f"{source} was made by a newer version (it has {', '.join(sorted(unknown))}): update first.")
    with tempfile.TemporaryDirectory(prefix="restore-", dir=var.run) as folder:
        _check_keys(source, manifest, Path(folder), given_keys)
        _refuse_if_used(url, force=force)
        _database(source, manifest, Path(folder), url)
        _secrets(source, manifest, Path(folder), var)


def _check_keys(source: Path, manifest: Manifest, folder: Path, given: str | None) -> None:
    """Raise ToolError when the operator's own key ring would not open what the backup's sealed."""
    if given is None:
        return
    target = folder / "keys"
    archive.extract(source, f"{archive.SECRETS}/{environment.SECRET_KEYS}", target)
    if not parse_keys(target.read_text().strip()).items() <= parse_keys(given).items():
        raise ToolError(
            f"SECRET_KEYS lacks keys that sealed the data of {source} (taken {manifest.created}): append them,"
            " or unset SECRET_KEYS to take over the backup's."
        )


def _secrets(source: Path, manifest: Manifest, folder: Path, var: Var) -> None:
    """Put the backup's secrets in place; one that is replaced is kept beside it."""
    for name in manifest.files:
        place, _, file = name.partition("/")
        if place != archive.SECRETS:
            continue
        archive.extract(source, name, folder / file)
        target = var.secrets / file
        if target.exists() and target.read_bytes() != (folder / file).read_bytes():
            target.rename(target.with_name(f"{file}.before-{int(time.time())}"))
        (folder / file).replace(target)


def _refuse_if_used(url: str, *, force: bool) -> None:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'userdata%'"
        )
        if _one(cursor):
            raise ToolError("The installation is running on this database: stop it before restoring.")
        full = [] if force else [table for table in _tables(cursor) if _has_rows(cursor, table)]
    connection.close()
    if full:
        raise ToolError(
            f"The database is not empty ({', '.join(full[:3])} …): add --force to replace all that is in it."
        )


def _database(source: Path, manifest: Manifest, folder: Path, url: str) -> None:
    """Replace the whole database in one transaction, then compare its rows with those that were saved."""
    dump, text = folder / "dump", folder / "script.sql"
    archive.extract(source, archive.DATABASE, dump)
    client.script(dump, text)
    _make_roles(manifest.roles, url)
    with text.open("rb") as script:
        client.run(
            "psql",
            *("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"),
            *("--command", _emptying(url), "--file", "-"),
            url=url,
            stdin=script,
        )
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        rows = count(cursor)
    connection.close()
    if rows != manifest.rows:
        wrong = sorted(table for table in rows.keys() | manifest.rows if rows.get(table) != manifest.rows.get(table))
        raise ToolError(f"The restored database differs from the backup in {', '.join(wrong)}: try again.")


def _emptying(url: str) -> str:
    """The SQL that leaves the database with an empty schema `public`, as a new one has it."""
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT nspname FROM pg_namespace WHERE {_OURS}")  # noqa: S608 - a constant
        drops = [sql.SQL("DROP SCHEMA {} CASCADE;").format(sql.Identifier(name)) for (name,) in cursor.fetchall()]
        fresh = "CREATE SCHEMA public AUTHORIZATION pg_database_owner; GRANT USAGE ON SCHEMA public TO PUBLIC;"
        statement = sql.Composed([*drops, sql.SQL(fresh)]).as_string(connection)
    connection.close()
    return statement


def _make_roles(roles: list[dict[str, Any]], url: str) -> None:
    """Make the group roles that are missing; those of the cluster that exist stay as they are."""
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        for role in roles:
            cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", (role["name"],))
            if _one(cursor) == 0:
                bypass = "BYPASSRLS" if role["bypass_rls"] else "NOBYPASSRLS"
                name = sql.Identifier(role["name"])
                cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN " + bypass).format(name))
                cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
        for role in roles:
            for group in role["member_of"]:
                names = sql.Identifier(group), sql.Identifier(role["name"])
                cursor.execute(sql.SQL("GRANT {} TO {}").format(*names))
    connection.close()


def _tables(cursor: Any) -> list[str]:
    """Tables that hold an installation's data: not those that migrations fill."""
    cursor.execute(
        "SELECT format('%I.%I', schemaname, t.relname) FROM pg_stat_user_tables t JOIN pg_class c ON oid = relid"
        " WHERE relkind = 'r' AND c.relname NOT IN ('schema_migration', 'event_drain') ORDER BY 1"
    )
    return [table for (table,) in cursor.fetchall()]


def _has_rows(cursor: Any, table: str) -> bool:
    cursor.execute(f"SELECT count(*) FROM (SELECT FROM {table} LIMIT 1) first")  # noqa: S608 - quoted by Postgres
    return bool(_one(cursor))


def _one(cursor: Any) -> int:
    return int(cursor.fetchone()[0])
