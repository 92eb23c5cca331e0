"""Requests that schemathesis makes up from the OpenAPI document, sent to the live installation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_path
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.support.people import People, Person
from tests.e2e.support.rest import Rest
from udb.conf import ROOT
from udb.installation import Installation

# Not asked for: that all data against the schema is refused and all data by it accepted (negative_data_rejection,
# positive_data_acceptance), since a schema cannot tell all rules and JSON of protobuf takes "5" for 5; that wrong
# methods are 405 (unsupported_method), since OPTIONS is for CORS and HEAD for files; and what other tests prove on
# purpose: that credentials count (ignored_auth) and that deletions last (use_after_free).
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
#: One caller makes all requests of an operation.
ONE_CALLER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
Case = schemathesis.Case[Any]
_TIMEOUT_S = 20.0
#: A workflow that can be started, and that nothing starts soon.
_DEFINITION = {
    "triggers": [{"id": "nightly", "schedule": {"cron": "0 2 * * *"}}],
    "steps": [{"id": "wait", "type": "signal", "with": {"name": "go"}}],
}


def api(*, examples: int, always_the_same: bool) -> BaseSchema:
    """The API as its document tells it, for at most `examples` random requests of each operation."""
    generation = {
        "max-examples": examples,
        "deterministic": always_the_same,
        "database": "none",
        # The credential is a real one.
        "with-security-parameters": False,
    }
    # Other methods than those of the document are told apart at the edge; tests/e2e/test_errors_over_rest.py.
    phases = {"stateful": {"enabled": False}, "coverage": {"unexpected-methods": []}}
    config = schemathesis.Config.from_dict({"generation": generation, "phases": phases})
    found: BaseSchema = from_path(ROOT / "gen" / "openapi" / "openapi.json", config=config)
    # A stream has no end to wait for; tests/streams has its own.
    return found.exclude(path_regex=":watch$")


def send(case: Case, installation: Installation, caller: Person, world: "World") -> None:
    """Send a request in the name of `caller`, and check the answer."""
    if next(world.turn) % 3:
        # What has an unknown id is refused before anybody looks at the rest of it.
        case.path_parameters.update(world.ids(caller, case.operation.label, case.path_parameters))
    if case.headers.get("Idempotency-Key"):
        # The requests differ; with one key for all of them, the first that succeeds would stop the others.
        case.headers["Idempotency-Key"] = str(uuid4())
    headers = {"authorization": f"Bearer {caller.token}"}
    case.call_and_validate(installation.http_url, headers=headers, checks=CHECKS, timeout=_TIMEOUT_S)


@dataclass
class World:
    """Who calls, and one of each thing that a path can name: made when it is asked for, anew for each operation."""

    people: People
    somebody: Person
    admin: Person
    turn: Iterator[int] = field(default_factory=count)
    _operation: str = ""
    _ids: dict[str, str] = field(default_factory=dict)

    def caller(self, operation: str) -> Person:
        """Who calls `operation`. The session of the operation before may be closed by now, and the account deleted."""
        if "/v1/me/password" in operation:
            return self.people.person()
        return (self.admin if "/v1/admin/" in operation else self.somebody).awake()

    def ids(self, caller: Person, operation: str, names: Iterable[str]) -> dict[str, str]:
        """Ids of things that `caller` may see and change, for the parameters `names` of the path of `operation`."""
        if operation != self._operation:
            self._operation, self._ids = operation, {}
        # First, since other things are in it.
        ordered = sorted(names, key=lambda name: name != "workspaceId")
        for name in ordered:
            if name not in self._ids:
                self._ids[name] = self._make(caller, name)
        return {name: self._ids[name] for name in ordered}

    def _make(self, caller: Person, name: str) -> str:  # noqa: C901 - one arm for each kind of thing
        rest, workspace = caller.rest, self._ids.get("workspaceId", "")
        at = f"/v1/workspaces/{workspace}" if workspace else "/v1/me"
        made: dict[str, str]
        match name:
            case "workspaceId":
                made = rest.post("/v1/workspaces", {"name": "Acme Engines"})
            case "userId":
                made = {"id": self._other(caller, workspace).id}
            case "invitationId":
                made = rest.post(f"{at}/invitations", {"email": self.people.address(), "role": "ROLE_MEMBER"})
            case "ownershipTransferId":
                made = rest.post(f"{at}/ownership-transfers", {"userId": self._other(caller, workspace).id})
            case "apiKeyId":
                scope = "workspaces.read" if workspace else "account.read"
                self._make_room_for_keys(caller)
                made = rest.post(f"{at}/api-keys", {"name": "Robot", "scopes": [scope]})["apiKey"]
            case "sessionId":
                made = self._other_session(caller)
            case "slug":
                made = {"id": rest.post("/v1/workspaces", {"name": "Acme Engines"})["slug"]}
            case "sourceId":
                made = self._source(caller, workspace)
            case "token":
                workspace = rest.post("/v1/workspaces", {"name": "Acme Engines"})["id"]
                made = {"id": self._source(caller, workspace)["url"].rpartition("/")[2]}
            case "receiptId":
                url = f"{at}/sources/{self._ids['sourceId']}"
                token = rest.post(f"{url}:rotateUrl", {})["url"].rpartition("/")[2]
                self.people.anyone.send("POST", f"/v1/sources/{token}", {})
                made = rest.get(f"{url}/receipts")["receipts"][0]
            case _:
                made = self._of_events(caller.rest, at, name) or self._of_workflows(caller.rest, at, name)
        return made["id"]

    def _of_events(self, rest: Rest, at: str, name: str) -> dict[str, str]:
        match name:
            case "name" if "event-types" in self._operation:
                return {"id": rest.post(f"{at}/event-types", {"name": "order.paid"})["name"]}
            case "eventId":
                rest.post(f"{at}/event-types", {"name": "order.sent"})
                return dict(rest.post(f"{at}/events", {"type": "order.sent"}))
            case "endpointId":
                return dict(rest.post(f"{at}/endpoints", {"url": "http://127.0.0.1:9/"}))
            case "replayId":
                times = {"startTime": "2026-11-01T00:00:00Z", "endTime": "2026-11-02T00:00:00Z"}
                return dict(rest.post(f"{at}/replays", {"selection": times}))
            case "portalSessionId":
                rest.post(f"{at}/portal-links", {})
                return dict(rest.get(f"{at}/portal-sessions")["sessions"][0])
        return {}

    @staticmethod
    def _of_workflows(rest: Rest, at: str, name: str) -> dict[str, str]:
        match name:
            case "name":
                return {"id": rest.post(f"{at}/workflow-secrets", {"name": "TOKEN", "value": "secret"})["name"]}
            case "workflowId" | "executionId":
                made = rest.post(f"{at}/workflows", {"name": "fuzzed", "definition": _DEFINITION})
                path = f"{at}/workflows/{made['id']}"
                rest.post(f"{path}:activate", {})
                return dict(made if name == "workflowId" else rest.post(f"{path}:execute", {}))
            case "triggerId":
                return {"id": "nightly"}
            case "version":
                return {"id": "1"}
            case "approvalId":
                # Only a runner makes one, in its own time.
                return {"id": "apr_01jbrk8xw7e5tvh2c9n4m6q0za"}
        raise AssertionError(f"No test knows how to make a {name}: tell it here.")

    @staticmethod
    def _source(caller: Person, workspace: str) -> dict[str, str]:
        at = f"/v1/workspaces/{workspace}"
        caller.rest.post(f"{at}/event-types", {"name": "push.received", "schema": {}})
        verified = {"kind": "SOURCE_KIND_API_KEY", "secret": "a_secret_key", "apiKey": {"header": "X-Key"}}
        made: dict[str, str] = caller.rest.post(
            f"{at}/sources", {"name": "GitHub", "eventType": "push.received", **verified}
        )
        return made

    def _other_session(self, caller: Person) -> dict[str, str]:
        self.people.anyone.post("/v1/auth/login", {"email": caller.email, "password": caller.password})
        sessions: list[dict[str, str]] = caller.rest.get("/v1/me/sessions")["sessions"]
        return next(session for session in sessions if not session.get("current"))

    def _other(self, caller: Person, workspace: str) -> Person:
        other = self.people.person(name="Grace Hopper")
        if workspace:
            self.people.join(caller, workspace, other)
        return other

    @staticmethod
    def _make_room_for_keys(caller: Person) -> None:
        for key in caller.rest.get("/v1/me/api-keys")["apiKeys"]:
            caller.rest.call("DELETE", f"/v1/me/api-keys/{key['id']}")
