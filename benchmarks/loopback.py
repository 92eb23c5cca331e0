"""Plain requests on this machine, for setting up and for checks; loads have their own client."""

import json
import socket
import urllib.error
import urllib.request
from typing import Any


def call(
    method: str, port: int, path: str, *, token: str = "", body: dict[str, Any] | None = None, key: str = ""
) -> tuple[int, dict[str, Any]]:
    """One request to 127.0.0.1.

    Args:
        method: such as "GET".
        port: where the server listens.
        path: with its query.
        token: an access token, if any.
        body: sent as JSON.
        key: the Idempotency-Key, if any.

    Returns:
        The status and the JSON of the answer; status 0 when nobody listens.
    """
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if key:
        headers["Idempotency-Key"] = key
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the scheme stands above
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except OSError:
        return 0, {}


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
