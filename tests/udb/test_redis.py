"""The embedded Redis keeps what it was given, and starts whatever its file looks like."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from udb import ports
from udb.embedded import Redis
from udb.errors import ToolError

Make = Callable[[], Redis]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with closing(ports.prefer(0)) as port:
        yield lambda: Redis(tmp_path / "redis", port=port, password="secret/word", log=tmp_path / "redis.log")


def test_it_asks_for_the_password_and_syncs_every_second(make: Make) -> None:
    with make() as server, redis.Redis.from_url(server.url) as client:
        assert client.config_get("append*") == {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "appendfilename": "appendonly.aof",
        }
        assert client.config_get("bind")["bind"] == "127.0.0.1"
        never = Retry(NoBackoff(), 0)
        with redis.Redis(port=server.port.number, retry=never) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()


def test_what_it_was_given_outlives_a_stop_and_a_kill(make: Make) -> None:
    with make() as server, redis.Redis.from_url(server.url) as client:
        client.set("first", 1)
    with make() as server, redis.Redis.from_url(server.url) as client:
        client.set("second", 2)
        os.kill(server.pid, signal.SIGKILL)
    with make() as server, redis.Redis.from_url(server.url) as client:
        assert client.mget("first", "second") == [b"1", b"2"]


def test_a_file_that_cannot_be_read_is_put_aside(make: Make) -> None:
    server = make()
    server.folder.mkdir()
    (server.folder / "appendonly.aof").write_bytes(b"no commands at all\r\n")
    with pytest.raises(ToolError, match="Bad file format reading the append only file"):
        server.start()
    with make() as again, redis.Redis.from_url(again.url) as client:
        assert client.ping()
    assert len(list(server.folder.glob("appendonly.aof.unreadable-*"))) == 1
