"""Nothing is lost and nothing comes twice, whatever happens to the reader, the process or the database."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.streams.harness import ROOT, Grpc, Process, Refused, Sse, World, drain
from tests.support.database import as_owner
from tests.support.wait import until


def read_on(process: Process, world: World, kinds: list[str], cursor: str, count: int) -> list[str]:
    """Read `count` events with one connection after the other, each going on from where the last one was."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        kind = kinds[number % len(kinds)]
        number += 1
        if kind == "sse":
            client = Sse(process.http_port, world.id, world.owner.token, last=cursor)
            client.block()
            found += client.events(1)
            cursor = client.last
            client.close()
        elif kind == "grpc":
            with Grpc(process.grpc_port, world.owner.token) as caller:
                stream = caller.watch(world.id, cursor=cursor)
                found += stream.events(1)
                cursor = stream.cursor
        else:
            with Grpc(process.grpc_port, world.owner.token) as caller:
                page = caller.poll(world.id, cursor=cursor, wait={"seconds": 5}, page_size=3)
                found += [event.id for event in page.events]
                cursor = page.next_cursor
    return found


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(st.sampled_from(["sse", "grpc", "poll"]), min_size=1, max_size=4), batch=st.integers(1, 7))
def test_reconnecting_readers_get_everything_once_in_order(process: Process, world: World, kinds, batch):
    world.published.clear()
    with ThreadPoolExecutor(2) as pool, Grpc(process.grpc_port, world.owner.token) as client:
        cursor = client.poll(world.id, cursor="latest").next_cursor
        steady = client.watch(world.id, cursor=cursor)
        seen = pool.submit(lambda: steady.events(30))
        reader = pool.submit(read_on, process, world, kinds, cursor, 30)
        for start in range(0, 30, batch):
            world.publish(*[f"s{number}" for number in range(start, min(30, start + batch))])
            drain(world.url)
        assert seen.result(30) == world.published
        assert reader.result(60) == world.published


def test_a_killed_process_loses_nothing(own: Process, world: World):
    with Grpc(own.grpc_port, world.owner.token) as client:
        made = world.feed("a", "b")
        stream = client.watch(world.id)
        assert stream.events(2) == made
        own.kill()
    made = world.feed("c", "d")
    own.start()
    with Grpc(own.grpc_port, world.owner.token) as client:
        stream = client.watch(world.id, cursor=stream.cursor)
        assert stream.events(2) == made


def test_a_reader_that_does_not_read_is_cut_off_and_goes_on_later(process: Process, world: World):
    big = '{"text": "' + "x" * 100_000 + '"}'
    with closing(Sse(process.http_port, world.id, world.owner.token, cursor="latest")) as slow:
        assert slow.block()
        for start in range(0, 320, 40):
            world.feed(*[f"s{number}" for number in range(start, start + 40)], data=big)
        ended = until(lambda: ends(process, "STREAM_TOO_SLOW"), within=20, saying="the slow reader is cut off")
        assert ended
        # The process is there for the others.
        with Grpc(process.grpc_port, world.owner.token) as client:
            assert client.poll(world.id, cursor="latest").next_cursor
        got = []
        while (block := slow.block()) is not None and block.get("event") != "status":
            if "data" in block:
                got.append(block["id"])
        assert 0 < len(got) < 320
    with closing(Sse(process.http_port, world.id, world.owner.token, last=slow.last)) as again:
        assert again.events(320 - len(got)) == world.published[len(got) :]


def ends(process: Process, reason: str) -> bool:
    return any(line["event"] == "stream" and line.get("reason") == reason for line in process.logged())


def test_a_broken_connection_to_the_database_is_made_again(process: Process, world: World):
    with Grpc(process.grpc_port, world.owner.token) as client:
        stream = client.watch(world.id, cursor="latest")
        with as_owner(world.url) as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'userdata-%%'"
            )
        made = world.feed("a", "b")
        assert stream.events(2) == made


def test_a_poll_ends_when_the_process_stops(own: Process, world: World):
    with Grpc(own.grpc_port, world.owner.token) as client, ThreadPoolExecutor(1) as pool:
        cursor = client.poll(world.id, cursor="latest").next_cursor
        waiting = pool.submit(client.poll, world.id, cursor=cursor, wait={"seconds": 20})
        until(lambda: 'userdata_streams_open{transport="poll"} 1.0' in own.metrics(), saying="the poll waits")
        own.signal(signal.SIGTERM)
        with pytest.raises(Refused) as refused:
            waiting.result(10)
        assert refused.value.reason == "UNAVAILABLE"
        assert own.wait() == 0


def deliverer(url: str) -> "subprocess.Popen[bytes]":
    """A real drain."""
    environment = {**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "error"}
    return subprocess.Popen([sys.executable, "-m", "workers", "deliver"], cwd=ROOT, env=environment)


def test_a_drain_that_is_killed_and_started_again_feeds_everything_once(process: Process, world: World):
    with Grpc(process.grpc_port, world.owner.token) as client:
        stream = client.watch(world.id, cursor="latest")
        drains = [deliverer(world.url), deliverer(world.url)]
        try:
            seen: list[str] = []
            for turn in range(4):
                world.publish(*[f"s{number}" for number in range(25)])
                if turn % 2:
                    killed = drains.pop(0)
                    killed.kill()
                    killed.wait()
                    drains.append(deliverer(world.url))
                world.publish("last")
                seen += stream.events(len(world.published) - len(seen))
            assert seen == world.published
        finally:
            for drain_process in drains:
                drain_process.kill()
                drain_process.wait()
