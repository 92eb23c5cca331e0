"""The load generator's process: reads a `Load` as JSON from standard input, writes an `Outcome` to standard output.

One thread over bare sockets: a request costs it some 15 microseconds, so it stays far from being the bottleneck
(`benchmarks.ceiling` measures how far).
"""

import gc
import json
import os
import resource
import select
import sys
from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from itertools import cycle
from time import perf_counter

from benchmarks.http1 import Http1Connection
from benchmarks.http2 import GrpcConnection
from benchmarks.load import GRPC, UUID_MARK, Load, Outcome, decode

Connection = Http1Connection | GrpcConnection
DRAIN_SECONDS = 5.0


def fresh_uuid() -> bytes:
    """A random UUID as text, at a fifth of the cost of `uuid.uuid4`."""
    text = os.urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}".encode()


def endless(requests: list[bytes]) -> Iterator[bytes]:
    """The requests in turn, without end, with fresh UUIDs where they are marked."""
    if not any(UUID_MARK in request for request in requests):
        yield from cycle(requests)
    for request in cycle(requests):
        yield request.replace(UUID_MARK, fresh_uuid())


class Counter:
    """Collects answers; only what `open` to `close` saw counts."""

    def __init__(self, load: Load) -> None:
        self._expected = load.expected
        self._cpu = 0.0
        self.latencies = array("d")
        self.statuses: dict[str, int] = {}
        self.errors = 0
        self.sample = ""
        self.started = self.ended = 0.0

    def open(self, now: float) -> None:
        """Forgets the warm-up."""
        self.latencies = array("d")
        self.statuses, self.errors, self.sample = {}, 0, ""
        self.started, self._cpu = now, processor_seconds()

    def close(self, now: float) -> None:
        """Ends the time that counts."""
        self.ended, self._cpu = now, processor_seconds() - self._cpu

    def answer(self, status: int, latency: float, body: bytes) -> None:
        """Counts one answer; `latency` is in seconds."""
        if status == self._expected:
            self.latencies.append(latency)
            return
        self.errors += 1
        self.statuses[str(status)] = self.statuses.get(str(status), 0) + 1
        self.sample = self.sample or f"status {status}: {body[:500].decode(errors='replace')}"

    def miss(self, number: int) -> None:
        """Counts requests that were due and got no answer."""
        self.errors += number
        if number:
            self.sample = self.sample or "no answer in time"

    @property
    def answers(self) -> int:
        """How many came, right or wrong."""
        return len(self.latencies) + self.errors

    def outcome(self) -> Outcome:
        """The figures."""
        ordered = sorted(self.latencies)
        seconds = self.ended - self.started
        done = len(ordered)

        def percentile(share: float) -> float:
            return round(ordered[min(done - 1, int(done * share))] * 1000, 4) if done else 0.0

        return Outcome(
            requests=done,
            errors=self.errors,
            seconds=round(seconds, 3),
            rate=round(done / seconds, 1),
            p50_ms=percentile(0.50),
            p90_ms=percentile(0.90),
            p99_ms=percentile(0.99),
            max_ms=percentile(1.0),
            client_cpu_us=round(self._cpu / max(done + self.errors, 1) * 1e6, 2),
            sample=self.sample,
            statuses=self.statuses,
        )


def processor_seconds() -> float:
    """User and system time of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def connections(load: Load) -> list[Connection]:
    """The load's connections, open, spread evenly over its addresses."""
    kind = GrpcConnection if load.protocol == GRPC else Http1Connection
    return [kind(load.addresses[n % len(load.addresses)]) for n in range(load.connections)]


class ClosedLoop:
    """Each connection sends its next request when the answer to the last has come."""

    def __init__(self, load: Load, counter: Counter) -> None:
        self._requests, self._counter = endless(load.requests), counter
        self._poll = select.epoll()
        self._busy: dict[int, tuple[Connection, float]] = {}
        for connection in connections(load):
            self._poll.register(connection.sock, select.EPOLLIN)
            self._send(connection)

    def turn(self) -> None:
        """Waits for answers, counts them, sends as many requests."""
        for fd, _ in self._poll.poll(1.0):
            connection, sent = self._busy[fd]
            status = connection.receive()
            if status is None:
                continue
            self._counter.answer(status, perf_counter() - sent, connection.body)
            if connection.renew():
                del self._busy[fd]
                self._poll.register(connection.sock, select.EPOLLIN)
            self._send(connection)

    def _send(self, connection: Connection) -> None:
        self._busy[connection.sock.fileno()] = (connection, perf_counter())
        connection.send(next(self._requests))


def run_closed(load: Load, counter: Counter) -> None:
    """Sends as fast as answers come, for the load's time or count."""
    loop = ClosedLoop(load, counter)
    begin = perf_counter() + load.warm_up
    while perf_counter() < begin:
        loop.turn()
    begin = perf_counter()
    counter.open(begin)
    while perf_counter() < begin + load.seconds if load.count is None else counter.answers < load.count:
        loop.turn()
    counter.close(perf_counter())


class OpenLoop:
    """Requests fall due at even distances whether or not answers come; a late one waits for a free connection."""

    def __init__(self, load: Load, counter: Counter, *, rate: float) -> None:
        self._requests, self._counter, self._rate = endless(load.requests), counter, rate
        self._total = int((load.warm_up + load.seconds) * rate)
        self._idle = deque(connections(load))
        self._busy: dict[int, tuple[Connection, float]] = {}
        self._start, self._due = 0.0, 0
        self.unanswered = self._total

    def start(self, now: float) -> None:
        """The first request is due now."""
        self._start = now

    def turn(self) -> None:
        """Sends what is due, then waits for answers until the next one is."""
        while self._idle and self._due < self._total and self._due_at() <= perf_counter():
            connection = self._idle.popleft()
            connection.renew()
            connection.send(next(self._requests))
            self._busy[connection.sock.fileno()] = (connection, self._due_at())
            self._due += 1
        wait = self._due_at() - perf_counter() if self._idle and self._due < self._total else 1.0
        # select, not epoll: its timeout is exact to microseconds, epoll's is rounded up to a millisecond.
        for fd in select.select(list(self._busy), [], [], max(wait, 0.0))[0]:
            connection, due = self._busy[fd]
            status = connection.receive()
            if status is not None:
                # From when it was due, not from when it was sent: nothing that the server held up is left out.
                self._counter.answer(status, perf_counter() - due, connection.body)
                self.unanswered -= 1
                del self._busy[fd]
                self._idle.append(connection)

    def _due_at(self) -> float:
        return self._start + self._due / self._rate


def run_open(load: Load, counter: Counter, *, rate: float) -> None:
    """Sends at an even rate for the load's time."""
    loop = OpenLoop(load, counter, rate=rate)
    begin = perf_counter()
    loop.start(begin)
    while perf_counter() < begin + load.warm_up:
        loop.turn()
    counter.open(perf_counter())
    while loop.unanswered and perf_counter() < begin + load.warm_up + load.seconds + DRAIN_SECONDS:
        loop.turn()
    counter.miss(loop.unanswered)
    counter.close(perf_counter())


def main() -> None:
    """Runs the load given on standard input."""
    load = decode(sys.stdin.read())
    counter = Counter(load)
    # A collection would show up as latency of the server.
    gc.disable()
    if load.rate is None:
        run_closed(load, counter)
    else:
        run_open(load, counter, rate=load.rate)
    json.dump(asdict(counter.outcome()), sys.stdout)


if __name__ == "__main__":
    main()
