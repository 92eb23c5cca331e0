"""The edge in these tests: a real Envoy, with toy servers behind it, all on loopback."""

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.wait import until
from udb import ports
from udb.edge import EnvoyParams, binary, render

HOST = ports.HOST
_SERVER = Path(__file__).with_name("toy_server.py")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        """The reason of an error, whose shape is checked by the way."""
        assert self.headers["content-type"] == "application/json", self
        assert set(self.json) == {"code", "message", "details"}, self
        info = self.json["details"][0]
        assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo", self
        assert info["domain"] == "userdata", self
        return str(info["reason"])


def ask(port: int, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
    """Send one request to `port`. In the names of `headers` an underscore stands for a hyphen."""
    with closing(http.client.HTTPConnection(HOST, port, timeout=20)) as connection:
        connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read())


class Toy:
    """One server process. It can be killed and started again on its ports."""

    def __init__(self, descriptor: Path, name: str) -> None:
        self.name = name
        self._descriptor = descriptor
        self._grpc, self._http = ports.prefer(0), ports.prefer(0)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it answers over gRPC."""
        return f"{HOST}:{self._grpc.number}"

    @property
    def http_address(self) -> str:
        """Where it answers over HTTP/1.1."""
        return f"{HOST}:{self._http.number}"

    def start(self) -> None:
        """Return once it answers."""
        command = [sys.executable, str(_SERVER), str(self._descriptor), self.name]
        self._process = subprocess.Popen([*command, str(self._grpc.number), str(self._http.number)])
        until(self._serves, saying=f"toy server {self.name} answers")

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def close(self) -> None:
        """End it and give up its ports."""
        self.kill()
        self._grpc.close()
        self._http.close()

    def _serves(self) -> bool:
        try:
            return ask(self._http.number, "GET", "/").status == 200
        except OSError:
            return False


class Edge:
    """One Envoy. `params` says all but the ports."""

    def __init__(self, folder: Path, **params: Any) -> None:
        self._ports = ports.prefer(0), ports.prefer(0)
        self.port, self.admin = (port.number for port in self._ports)
        self.access_log = folder / "access.log"
        self.params = EnvoyParams(port=self.port, admin=f"{HOST}:{self.admin}", access_log=self.access_log, **params)
        config = folder / "envoy.yaml"
        config.write_text(render(self.params))
        self._process = subprocess.Popen(
            [binary(), "-c", config, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
        )
        until(self._ready, within=20, saying="Envoy is ready")

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        """Send one request over HTTP/1.1."""
        return ask(self.port, method, path, body, **headers)

    def logged(self, request_id: str) -> Any:
        """The line of the access log for a request."""

        def find() -> Any:
            ask(self.admin, "POST", "/reopen_logs")  # writes what is buffered
            lines = map(json.loads, self.access_log.read_text().splitlines())
            return next((line for line in lines if line["request_id"] == request_id), None)

        return until(find, saying=f"request {request_id} is logged")

    def healthy(self, cluster: str) -> int:
        """How many servers of `cluster` Envoy takes for healthy."""
        stats = ask(self.admin, "GET", f"/stats?format=json&filter=cluster.{cluster}.membership_healthy").json
        return int(stats["stats"][0]["value"])

    def close(self) -> None:
        """End it and give up its ports."""
        self._process.kill()
        self._process.wait()
        for port in self._ports:
            port.close()

    def _ready(self) -> bool:
        assert self._process.poll() is None, "Envoy has ended; its last words are above"
        try:
            return ask(self.admin, "GET", "/ready").status == 200
        except OSError:
            return False
