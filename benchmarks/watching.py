"""Many idle watchers of one streams process: the memory they take, and how soon an event has reached all of them."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, sleep
from urllib.parse import urlsplit

from benchmarks import events
from benchmarks.figures import UNDER, Figure, Sample
from benchmarks.http1 import RECEIVE_SIZE, connect
from benchmarks.load import LoadFailedError
from benchmarks.memory import resident_mb
from benchmarks.scenarios import Bench
from benchmarks.wire import http_request

KIND = "bench.watched"
AT_ONCE = 100
"""Streams that are opened at a time, so that no queue of connections overflows."""
OPEN_SECONDS, EVENT_SECONDS, SETTLE_SECONDS = 30.0, 10.0, 2.0
OPENED, EVENT = b"\nid: ", b"\ndata: "
"""What the beginning of a stream and an event are known by; a heartbeat, which may come first, has no data."""


class Watchers:
    """Open streams of server-sent events, read by one thread."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}

    def open(self, address: tuple[str, int], request: bytes, count: int) -> None:
        """Opens so many more and waits until each has begun. Raises LoadFailedError."""
        fresh = set()
        for _ in range(count):
            sock = connect(address)
            self._sockets[sock.fileno()] = sock
            self._poll.register(sock, select.EPOLLIN)
            sock.send(request)
            fresh.add(sock.fileno())
        self._wait(fresh, OPENED, OPEN_SECONDS)

    def reached(self) -> float:
        """Waits until an event has come on every stream; gives the moment. Raises LoadFailedError."""
        self._wait(set(self._sockets), EVENT, EVENT_SECONDS)
        return perf_counter()

    def close(self) -> None:
        """Closes all."""
        for sock in self._sockets.values():
            sock.close()
        self._poll.close()

    def _wait(self, waiting: set[int], mark: bytes, seconds: float) -> None:
        """Reads until `mark` has come on each of these. Each time it comes in one piece: it is sent by one write."""
        deadline = perf_counter() + seconds
        while waiting:
            if perf_counter() > deadline:
                raise LoadFailedError(f"{len(waiting)} of {len(self._sockets)} streams had nothing to read in time.")
            for fd, _ in self._poll.poll(1.0):
                data = self._sockets[fd].recv(RECEIVE_SIZE)
                if not data or (data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 200 ")):
                    raise LoadFailedError(f"A stream ended: {data[:500].decode(errors='replace') or 'nothing more'}")
                if mark in data:
                    waiting.discard(fd)


@contextmanager
def watchers() -> Iterator[Watchers]:
    """Gives them while the block lasts."""
    made = Watchers()
    try:
        yield made
    finally:
        made.close()


def watch(bench: Bench) -> list[Figure]:
    """Opens the streams, looks at the memory, then publishes events one at a time."""
    product, effort = bench.product, bench.effort
    product.sign_in_again()
    person = product.people[0]
    workspace_id = person.workspace_ids[0]
    events.create_type(product, person, workspace_id, KIND)
    streams = product.installation.processes["streams"].pid
    at = urlsplit(product.installation.state.addresses["streams_http"])
    request = http_request("GET", f"/v1/workspaces/{workspace_id}/events:watch?cursor=latest", token=person.token)
    before = resident_mb(streams)
    with watchers() as open_streams, events.publisher(product) as publish:
        for begun in range(0, effort.watchers, AT_ONCE):
            open_streams.open((at.hostname or "", at.port or 0), request, min(AT_ONCE, effort.watchers - begun))
        sleep(SETTLE_SECONDS)
        idle = resident_mb(streams)
        bench.say(f"  {effort.watchers:,} streams: {before:.0f} MB before, {idle:.0f} MB now")
        delays = []
        for number in range(effort.rounds):
            began = perf_counter()
            publish(person, workspace_id, KIND)
            delays.append((open_streams.reached() - began) * 1000)
            bench.say(f"  round {number + 1} of {effort.rounds}: all reached after {delays[-1]:.0f} ms")
            sleep(SETTLE_SECONDS / 4)
        after = resident_mb(streams)
    return [
        Figure(
            key="watchers_memory",
            title=f"Memory of one streams process with {effort.watchers:,} idle watchers",
            unit="MB",
            ours=Sample([max(idle, after)]),
            other=Sample([before]),
            other_name="before",
            measured=Sample([max(idle, after)]),
            measured_unit="MB",
            bound=UNDER,
            target=500.0,
            note="Resident memory; server-sent events at the bare process, in one workspace, whose limit is raised.",
            detail={"idle_mb": idle, "after_events_mb": after},
        ),
        Figure(
            key="watchers_reached",
            title="From publishing an event until all of them have it",
            unit="ms",
            ours=Sample(delays),
            other=None,
            other_name="",
            measured=Sample(delays),
            measured_unit="ms",
            bound=UNDER,
            target=1_000.0,
            note="One event, read on each stream; the clock starts before PublishEvent is called.",
        ),
    ]
