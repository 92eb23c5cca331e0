"""A receiver of webhooks on loopback that misbehaves in every way, by the path it is called at."""

import asyncio
import gzip
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ID: Final = re.compile(rb"webhook-id: *(\S+)", re.IGNORECASE)
_TEN_GB: Final = 10 * 1024**3
_ZEROS: Final = bytes(64 * 1024)

Answers = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Receiver:
    """Answers POSTs. `received` counts by name of the path and webhook-id; `order` keeps the ids of a path in order."""

    def __init__(self) -> None:
        self.received: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.order: defaultdict[str, list[str]] = defaultdict(list)
        self.sent = 0
        self.address = ""
        self._bomb = gzip.compress(bytes(200 * 1024 * 1024), 9)
        self._loop = asyncio.new_event_loop()
        self._waits = asyncio.Event()
        self._tasks: set[asyncio.Task[None] | None] = set()
        self._answers: dict[str, Answers] = {
            "hang": self._hang,
            "reset": self._reset,
            "trickle": self._trickle,
            "huge": self._huge,
            "bomb": self._send_bomb,
            "fails": self._fail,
        }

    def url(self, name: str) -> str:
        """The URL of a path: hang, reset, trickle, huge, bomb, fails; any other is answered with 204."""
        return f"http://{self.address}/{name}"

    @contextmanager
    def listening(self) -> Iterator["Receiver"]:
        """Listen on a free port for the time of a block."""
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        host, port = server.sockets[0].getsockname()
        self.address = f"{host}:{port}"
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._close(server), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(10)
            self._loop.close()

    def hang_up(self) -> None:
        """Close the connections that wait for an answer."""
        self._loop.call_soon_threadsafe(self._waits.set)

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = _LENGTH.search(head)
                await reader.readexactly(int(length[1]) if length else 0)
                name = head.split(b" ", 2)[1].decode().strip("/")
                event = _ID.search(head)
                if event is not None:
                    self.received[name][event[1].decode()] += 1
                    self.order[name].append(event[1].decode())
                await self._answers.get(name, self._accept)(writer)
                await writer.drain()
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the other side has enough, or the test is over
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _accept(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async def _fail(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n")

    async def _hang(self, writer: asyncio.StreamWriter) -> None:
        await self._waits.wait()
        await self._reset(writer)

    async def _reset(self, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        raise EOFError

    async def _trickle(self, writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n":
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(1)

    async def _huge(self, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {_TEN_GB}\r\n\r\n".encode())
        for _ in range(_TEN_GB // len(_ZEROS)):
            writer.write(_ZEROS)
            await writer.drain()
            self.sent += len(_ZEROS)

    async def _send_bomb(self, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(self._bomb)}\r\n\r\n"
        writer.write(head.encode() + self._bomb)
