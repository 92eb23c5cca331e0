"""A REST client that sends what it is told: nothing is added, retried or followed, and each call is a connection."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any, Self
from urllib.parse import urlencode

from server.core.errors import REASONS

_TIMEOUT_S = 20.0
_TYPE = "type.googleapis.com/google.rpc."


@dataclass(frozen=True)
class Answer:
    """What came back. `headers` have lower-case names; of one that came twice, the last."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.status == HTTPStatus.OK

    def detail(self, name: str) -> dict[str, Any]:
        """The detail `google.rpc.<name>` of an error; empty when it has none."""
        found: list[dict[str, Any]] = [item for item in self.json["details"] if item["@type"] == _TYPE + name]
        return found[0] if found else {}

    @property
    def reason(self) -> str:
        """Why the call failed, once it is proved that the answer has the one shape of all errors."""
        assert self.headers["content-type"].split(";")[0] == "application/json", self
        assert self.json.keys() == {"code", "message", "details"}, self
        info = self.json["details"][0]
        assert info["@type"] == f"{_TYPE}ErrorInfo", self
        assert info["domain"] == "userdata", self
        reason: str = info["reason"]
        assert self.json["code"] == REASONS[reason], self
        assert self.json["message"].isprintable(), self
        assert self.json["message"], self
        return reason

    @property
    def violations(self) -> dict[str, str]:
        """What is wrong with each field of the request."""
        return {item["field"]: item["description"] for item in self.detail("BadRequest").get("fieldViolations", [])}


class Refused(AssertionError):
    """A call failed that had to succeed."""

    def __init__(self, method: str, path: str, answer: Answer) -> None:
        super().__init__(f"{method} {path}: {answer.status} {answer.body.decode(errors='replace')}")
        self.answer = answer


@dataclass(frozen=True)
class Rest:
    """Calls the API at `address` (host:port) with a bearer token, if there is one."""

    address: str
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def signed_in(self, token: str) -> Self:
        """The same with another token."""
        return replace(self, token=token)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
    ) -> Answer:
        """The answer, whatever it is. `body` goes out as JSON, bytes go out as they are."""
        sent = {**self.headers, **(headers or {})}
        if self.token is not None:
            sent.setdefault("authorization", f"Bearer {self.token}")
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("content-type", "application/json")
        connection = HTTPConnection(self.address, timeout=_TIMEOUT_S)
        try:
            connection.request(method, path + (f"?{urlencode(query)}" if query else ""), raw, sent)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()

    def call(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        """The JSON of the answer. Raises Refused when the call fails."""
        answer = self.send(method, path, body, **more)
        if not answer.ok:
            raise Refused(method, path, answer)
        return answer.json

    def get(self, path: str, **more: Any) -> Any:
        """`call` with GET."""
        return self.call("GET", path, **more)

    def post(self, path: str, body: object, **more: Any) -> Any:
        """`call` with POST."""
        return self.call("POST", path, body, **more)
