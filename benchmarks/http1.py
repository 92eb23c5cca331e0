"""One keep-alive HTTP/1.1 connection of the load generator, on a bare socket.

A client library would cost more than the servers under test. Requests are ready-made bytes, an answer is read as far
as counting it needs: status, length, end.
"""

import socket

RECEIVE_SIZE = 1 << 18
SEND_BUFFER = 1 << 18


class ConnectionLostError(ConnectionError):
    """The server closed a connection that still owed an answer."""


def connect(address: tuple[str, int]) -> socket.socket:
    """Opens a non-blocking socket without Nagle's delay.

    Args:
        address: host and port.
    """
    sock = socket.create_connection(address, timeout=5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    sock.settimeout(0)
    return sock


class Http1Connection:
    """One request in flight at a time: `send` it, then `receive` until it gives a status."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._buffer = b""
        self._close_after = False
        self.body = b""
        self.sock = connect(address)

    def send(self, request: bytes) -> None:
        """Sends one whole request. They are far smaller than a socket's buffer, so one call takes them."""
        if self.sock.send(request) != len(request):
            message = "The socket took part of a request: send smaller requests."
            raise ConnectionLostError(message)

    def receive(self) -> int | None:
        """Reads what has come.

        Returns:
            The HTTP status once the answer is whole, else None.
        """
        try:
            data = self.sock.recv(RECEIVE_SIZE)
        except BlockingIOError:
            return None
        if not data:
            message = f"{self._address} closed the connection before it answered."
            raise ConnectionLostError(message)
        self._buffer = self._buffer + data if self._buffer else data
        return self._whole_answer()

    def renew(self) -> bool:
        """Opens a new socket where the last answer announced that this one ends.

        Returns:
            True when `sock` is another one now.
        """
        if not self._close_after:
            return False
        self.sock.close()
        self.sock = connect(self._address)
        self._close_after = False
        return True

    def close(self) -> None:
        """Closes the socket."""
        self.sock.close()

    def _whole_answer(self) -> int | None:
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = buffer[:end].lower()
        at = head.find(b"content-length:")
        if at >= 0:
            stop = head.find(b"\r\n", at)
            length = int(head[at + 15 : stop if stop >= 0 else end])
        elif b"transfer-encoding: chunked" in head:
            if not buffer.endswith(b"0\r\n\r\n"):
                return None
            length = len(buffer) - end - 4
        else:
            length = 0
        if len(buffer) < end + 4 + length:
            return None
        self.body = buffer[end + 4 :]
        self._buffer = b""
        self._close_after = b"connection: close" in head
        return int(head[9:12])
