"""The requests that both sides get: the same bytes but for host, token and id."""

import json
import struct

from benchmarks.load import UUID_MARK

USERS = 8
WORKSPACES_EACH = 16

HEAD = 9
"""Bytes before a frame's payload."""
DATA, HEADERS = 0, 1
END_STREAM, END_HEADERS = 0x1, 0x4
LARGEST_FRAME = 16_384
"""What every server takes (RFC 9113, section 4.2)."""


def http_request(method: str, path: str, *, token: str, body: bytes = b"", key: str = "") -> bytes:
    """One HTTP/1.1 request as bytes.

    Args:
        method: such as "GET".
        path: with its query.
        token: the access token.
        body: JSON.
        key: the Idempotency-Key, if any.
    """
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "User-Agent: bench",
        "Accept: application/json",
        f"Authorization: Bearer {token}",
    ]
    if key:
        lines.append(f"Idempotency-Key: {key}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def create_body() -> bytes:
    """The JSON that creates a workspace, with a slug that the generator makes unique."""
    return json.dumps({"name": "Benchmark workspace", "slug": f"b-{UUID_MARK.decode()}"}).encode()


def grpc_request(*, path: str, authority: str, message: bytes, metadata: dict[str, str]) -> bytes:
    """HEADERS and DATA of one unary call, for stream 0: the connection puts the stream's number in.

    The headers are literal and never indexed (RFC 7541, section 6.2.2), so that the same bytes serve every call.

    Args:
        path: "/package.Service/Method".
        authority: the host.
        message: the request, serialized.
        metadata: further headers, lower case.
    """
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": authority,
        "content-type": "application/grpc",
        "te": "trailers",
        **metadata,
    }
    block = b"".join(b"\x00" + literal(name) + literal(value) for name, value in headers.items())
    body = b"\x00" + struct.pack(">I", len(message)) + message
    parts = [body[at : at + LARGEST_FRAME] for at in range(0, len(body), LARGEST_FRAME)]
    data = [frame(DATA, 0, 0, part) for part in parts[:-1]] + [frame(DATA, END_STREAM, 0, parts[-1])]
    return frame(HEADERS, END_HEADERS, 0, block) + b"".join(data)


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One frame as bytes (RFC 9113, section 4.1)."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(text: str) -> bytes:
    """A string literal without Huffman coding (RFC 7541, section 5.2)."""
    raw = text.encode()
    return integer(len(raw), most=0x7F) + raw


def integer(value: int, *, most: int) -> bytes:
    """A number behind a prefix that holds up to `most` (RFC 7541, section 5.1)."""
    if value < most:
        return bytes([value])
    rest, out = value - most, bytearray([most])
    while rest > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])
