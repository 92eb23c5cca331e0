"""A receiver of webhooks in a process of its own, as cheap as Python allows: it answers 200 and counts.

It reads as much of a request as it needs to find the end, and takes commands on standard input: `report` writes a line
of JSON, `release` answers the requests that it holds.
"""

import argparse
import asyncio
import json
import os
import re
import socket
import sys
from array import array
from time import perf_counter
from typing import cast

import uvloop

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
HEAD_END = b"\r\n\r\n"
BACKLOG = 4096


class Tally:
    """What came: requests, bytes of their bodies, and when the first byte of each did (CLOCK_MONOTONIC, seconds)."""

    def __init__(self, *, hang: float) -> None:
        self.hang = hang
        self.count = self.bytes = 0
        self.times = array("d")
        self.held: set[asyncio.Transport] = set()

    def report(self) -> str:
        """All of it as JSON; the times are forgotten."""
        text = json.dumps({"count": self.count, "bytes": self.bytes, "times": self.times.tolist()})
        self.times = array("d")
        return text

    def hold(self, transport: asyncio.Transport) -> None:
        """Answer later, or when released."""
        self.held.add(transport)
        asyncio.get_running_loop().call_later(self.hang, self._answer, transport)

    def release(self) -> None:
        """Answer all that is held, now."""
        for transport in list(self.held):
            self._answer(transport)

    def _answer(self, transport: asyncio.Transport) -> None:
        if transport in self.held:
            self.held.discard(transport)
            transport.write(ANSWER)


class Connection(asyncio.Protocol):
    """One kept connection. Nobody sends the next request before the answer to the last."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._buffer = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The sender is there."""
        # uvloop's are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the reason changes nothing
        """The sender is gone."""
        self._tally.held.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        """Answer once a request is whole."""
        if self._buffer:
            data = self._buffer + data
        else:
            self._began = perf_counter()
        end = data.find(HEAD_END)
        length = LENGTH.search(data, 0, end) if end >= 0 else None
        size = int(length[1]) if length else 0
        if end < 0 or len(data) < end + len(HEAD_END) + size:
            self._buffer = data
            return
        self._buffer = b""
        tally = self._tally
        tally.count += 1
        tally.bytes += size
        tally.times.append(self._began)
        if tally.hang:
            tally.hold(self._transport)
        else:
            self._transport.write(ANSWER)


async def serve(tally: Tally) -> None:
    """Listens on a free port of all loopback addresses, writes the port, works until standard input ends."""
    loop = asyncio.get_running_loop()
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Senders keep connections by host: each of 127.0.0.0/8 is one.
    sock.bind(("0.0.0.0", 0))  # noqa: S104 - see above
    server = await loop.create_server(lambda: Connection(tally), sock=sock, backlog=BACKLOG)
    ended = loop.create_future()

    def command() -> None:
        words = os.read(sys.stdin.fileno(), 4096).split()
        if not words:
            loop.remove_reader(sys.stdin.fileno())
            ended.set_result(None)
        for word in words:
            if word == b"release":
                tally.release()
            else:
                print(tally.report(), flush=True)

    loop.add_reader(sys.stdin.fileno(), command)
    print(sock.getsockname()[1], flush=True)
    await ended
    server.close()


def main() -> None:
    """Receives until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.receiver")
    parser.add_argument("--hang", type=float, default=0.0, help="seconds before each answer")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Tally(hang=parser.parse_args().hang)))


if __name__ == "__main__":
    main()
