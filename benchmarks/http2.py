"""One HTTP/2 connection of the load generator that speaks unary gRPC, on a bare socket.

Why not grpcio: its client costs about as much processor time as its server, and both share the cores here. The
server is told to index no headers (RFC 7541, section 6.3), so an answer's header block means the same each time and
is decoded once.
"""

import functools
import struct

import hpack

from benchmarks.http1 import RECEIVE_SIZE, ConnectionLostError, connect
from benchmarks.wire import DATA, END_STREAM, HEAD, HEADERS, frame

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 3, 4, 6, 7, 8
ACK = 0x1
HEADER_TABLE_SIZE, ENABLE_PUSH, INITIAL_WINDOW_SIZE = 1, 2, 4
LARGEST_WINDOW = (1 << 31) - 1
DEFAULT_WINDOW = 65_535
LAST_STREAM = (1 << 31) - 3


@functools.lru_cache(maxsize=1024)
def status_of(block: bytes) -> int | None:
    """The call's status in a header block: `grpc-status`, or None where it holds none (the opening headers)."""
    headers = {str(name): str(value) for name, value in hpack.Decoder().decode(block)}
    status = headers.get("grpc-status")
    return None if status is None else int(status)


class GrpcConnection:
    """One unary call in flight at a time: `send` it, then `receive` until it gives a status."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self.body = b""
        self._open()

    def _open(self) -> None:
        self._buffer = b""
        self._stream = -1
        self._send_window = DEFAULT_WINDOW
        self._waiting, self._waiting_data = bytearray(), 0
        self._consumed = 0
        self._going_away = False
        self._message = b""
        self.sock = connect(self._address)
        settings = struct.pack(">HIHIHI", HEADER_TABLE_SIZE, 0, ENABLE_PUSH, 0, INITIAL_WINDOW_SIZE, LARGEST_WINDOW)
        larger = struct.pack(">I", LARGEST_WINDOW - DEFAULT_WINDOW)
        self.sock.send(PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, larger))

    def send(self, request: bytes) -> None:
        """Sends one call made by `grpc_request`, on the next stream, as soon as the server has room for it."""
        self._stream += 2
        number = struct.pack(">I", self._stream)
        whole, at = bytearray(request), 0
        while at < len(whole):
            whole[at + 5 : at + HEAD] = number
            length = int.from_bytes(whole[at : at + 3], "big")
            if whole[at + 3] == DATA:
                self._waiting_data += length
            at += HEAD + length
        self._waiting = whole
        self._send_waiting()

    def _send_waiting(self) -> None:
        if not self._waiting or self._send_window < self._waiting_data:
            return
        if self.sock.send(self._waiting) != len(self._waiting):
            message = "The socket took part of a request: send smaller requests."
            raise ConnectionLostError(message)
        self._send_window -= self._waiting_data
        self._waiting, self._waiting_data = bytearray(), 0

    def receive(self) -> int | None:
        """Reads what has come.

        Returns:
            The gRPC status once the answer is whole, else None.
        """
        try:
            data = self.sock.recv(RECEIVE_SIZE)
        except BlockingIOError:
            return None
        if not data:
            message = f"{self._address} closed the connection before it answered."
            raise ConnectionLostError(message)
        buffer = self._buffer + data if self._buffer else data
        status, at, size = None, 0, len(buffer)
        while size - at >= HEAD:
            length = int.from_bytes(buffer[at : at + 3], "big")
            if size - at < HEAD + length:
                break
            stream = int.from_bytes(buffer[at + 5 : at + 9], "big")
            done = self._take(buffer[at + 3], buffer[at + 4], stream, buffer[at + HEAD : at + HEAD + length])
            status = status if done is None else done
            at += HEAD + length
        self._buffer = buffer[at:]
        return status

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> int | None:
        if kind == DATA:
            self._message += payload
            self._consumed += len(payload)
            if self._consumed > LARGEST_WINDOW // 4:
                self.sock.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", self._consumed)))
                self._consumed = 0
        elif kind == HEADERS:
            if not flags & END_STREAM:
                return None
            self.body, self._message = self._message[5:], b""
            status = status_of(payload)
            return 2 if status is None else status
        elif kind == WINDOW_UPDATE and stream == 0:
            # A stream's own window needs no count: no request here is larger than its default.
            self._send_window += int.from_bytes(payload, "big")
            self._send_waiting()
        elif kind in (SETTINGS, PING):
            if not flags & ACK:
                self.sock.send(frame(kind, ACK, 0, payload if kind == PING else b""))
        elif kind == GOAWAY:
            self._going_away = True
        elif kind == RST_STREAM:
            message = f"{self._address} reset the stream, error code {int.from_bytes(payload, 'big')}."
            raise ConnectionLostError(message)
        return None

    def renew(self) -> bool:
        """Opens a new socket where the server says goodbye or the stream numbers end.

        Returns:
            True when `sock` is another one now.
        """
        if not self._going_away and self._stream < LAST_STREAM:
            return False
        self.sock.close()
        self._open()
        return True

    def close(self) -> None:
        """Closes the socket."""
        self.sock.close()
