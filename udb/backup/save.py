"""Takes a backup, from a running installation or one that is stopped."""

import json
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import psycopg2
from peewee import PeeweeException

from migrations import run as migrations
from udb import environment
from udb.backup import archive, client
from udb.backup.archive import Manifest
from udb.errors import ToolError
from udb.paths import Var

#: Passwords of the embedded servers belong to their data folders, which a backup does not hold.
_OF_THE_SERVERS: Final = (environment.POSTGRES_PASSWORD, environment.REDIS_PASSWORD)


def backup(target: Path, *, url: str, var: Var, keys: str) -> Manifest:
    """Write the installation with the database at `url` and the key ring `keys` to the new file `target`.

    Raises ToolError, and then leaves nothing behind.
    """
    if target.exists():
        raise ToolError(f"{target} exists already: choose another name.")
    try:
        with tempfile.TemporaryDirectory(prefix=".udb-backup-", dir=target.absolute().parent) as folder:
            return _write(target.absolute(), Path(folder), url=url, var=var, keys=keys)
    except (psycopg2.Error, PeeweeException) as error:
        raise ToolError(f"The database cannot be read: {str(error).strip()}") from error
    except OSError as error:
        raise ToolError(f"{target} cannot be written ({error.strerror}): choose another place.") from error


def _write(target: Path, folder: Path, *, url: str, var: Var, keys: str) -> Manifest:
    dump, mail, ring = folder / "dump", folder / "mail", folder / "keys"
    facts = _dump(dump, url)
    mail.write_text(json.dumps(_mail(var), indent=1))
    ring.write_text(keys + "\n")
    secrets = {path.name: path for path in var.secrets.iterdir() if _is_ours(path)}
    files = {
        archive.DATABASE: dump,
        "mail.json": mail,
        **{f"{archive.SECRETS}/{name}": path for name, path in secrets.items()},
        f"{archive.SECRETS}/{environment.SECRET_KEYS}": ring,
    }
    manifest = Manifest(
        format=archive.FORMAT,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        product=version("userdata"),
        migrations=[step.name for step in migrations.status(url) if step.applied],
        files={name: archive.sum_of(path) for name, path in files.items()},
        **facts,
    )
    archive.write(target, manifest, files)
    return manifest


def _is_ours(path: Path) -> bool:
    return path.name not in _OF_THE_SERVERS and not path.name.startswith(".") and ".before-" not in path.name


def _dump(target: Path, url: str) -> dict[str, Any]:
    """Dump the database, and count its rows in the very same snapshot. Gives the manifest's facts about it."""
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        cursor.execute(
            "SELECT pg_export_snapshot(), current_setting('server_version'), rolsuper OR rolbypassrls"
            " FROM pg_roles WHERE rolname = current_user"
        )
        snapshot, postgres, all_rows = cursor.fetchone() or ("", "", False)
        if not all_rows:
            raise ToolError(
                "The login of DATABASE_URL sees only some rows (row-level security):"
                " back up as a superuser or as a role with BYPASSRLS."
            )
        rows = count(cursor)
        roles = _roles(cursor)
        client.run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={target}", url=url)
    connection.close()
    return {"postgres": postgres, "rows": rows, "roles": roles}


def count(cursor: Any) -> dict[str, int]:
    """Rows of each table of the product's schemas."""
    cursor.execute(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " JOIN pg_class ON oid = format('%I.%I', schemaname, tablename)::regclass AND relkind = 'r'"
        " WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema' ORDER BY 1"
    )
    counts = {}
    for (table,) in cursor.fetchall():
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - the name was quoted by Postgres
        counts[table] = cursor.fetchone()[0]
    return counts


def _roles(cursor: Any) -> list[dict[str, Any]]:
    """The product's group roles. They belong to the cluster, so that a dump of one database lacks them."""
    cursor.execute(
        "SELECT r.rolname, r.rolbypassrls, array(SELECT g.rolname::text FROM pg_auth_members m"
        " JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid)"
        " FROM pg_roles r WHERE r.rolname LIKE 'userdata\\_%' AND NOT r.rolcanlogin ORDER BY 1"
    )
    return [{"name": name, "bypass_rls": bypass, "member_of": groups} for name, bypass, groups in cursor.fetchall()]


def _mail(var: Var) -> list[dict[str, Any]]:
    stats = [(path.name, path.stat()) for path in sorted(var.mail.iterdir())]
    return [{"name": name, "bytes": stat.st_size, "modified": int(stat.st_mtime)} for name, stat in stats]
