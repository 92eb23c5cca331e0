"""Postgres' own client programs, run so that no password shows on a command line."""

import os
import subprocess
from pathlib import Path
from typing import IO, Final

from psycopg2.extensions import parse_dsn

from udb.embedded.postgres import tool
from udb.errors import ToolError

#: libpq's environment variables for the parts of a URL that we use.
_VARIABLES: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


def run(name: str, *arguments: str, url: str, stdin: IO[bytes] | None = None) -> str:
    """Run program `name` against the database at `url`; gives its output. Raises ToolError with its errors."""
    done = subprocess.run(
        [str(tool(name)), *arguments],
        stdin=stdin or subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **_environment(url)},
        check=False,
    )
    if done.returncode:
        raise ToolError(f"{name} failed: {done.stderr.decode(errors='replace').strip()[-2000:]}")
    return done.stdout.decode(errors="replace")


def script(dump: Path, target: Path) -> None:
    """Turn a dump into the SQL that brings it back, without owners: whoever restores owns everything."""
    done = subprocess.run(
        [str(tool("pg_restore")), "--no-owner", "--file", str(target), str(dump)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise ToolError(f"pg_restore cannot read the dump: {done.stderr.decode(errors='replace').strip()[-2000:]}")


def _environment(url: str) -> dict[str, str]:
    parts = parse_dsn(url)
    unknown = parts.keys() - _VARIABLES.keys() - {"options", "application_name", "connect_timeout"}
    if unknown:
        raise ToolError(f"DATABASE_URL has {', '.join(sorted(unknown))}, which backups cannot use: leave it out.")
    return {_VARIABLES[name]: str(value) for name, value in parts.items() if name in _VARIABLES}
