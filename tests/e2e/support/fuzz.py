"""Requests that schemathesis makes up from the OpenAPI document, sent to the live installation."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import schemathesis
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
Case = schemathesis.Case[Any]
_TIMEOUT_S = 20.0


def api(*, examples: int, always_the_same: bool) -> BaseSchema:
    """The API as its document tells it, for at most `examples` random requests of each operation."""
    generation = {
        "max-examples": examples,
        "deterministic": always_the_same,
        "database": "none",
        # The credential is a real one.
        "with-security-parameters": False,
    }
    config = schemathesis.Config.from_dict({"generation": generation, "phases": {"stateful": {"enabled": False}}})
    return from_path(ROOT / "gen" / "openapi" / "openapi.json", config=config)


def send(case: Case, installation: Installation, person: Person) -> None:
    """Send a request in the name of `person`, and check the answer."""
    if case.headers.get("Idempotency-Key"):
        # The requests differ; with one key for all of them, the first that succeeds would stop the others.
        case.headers["Idempotency-Key"] = str(uuid4())
    headers = {"authorization": f"Bearer {person.token}"}
    case.call_and_validate(installation.http_url, headers=headers, checks=CHECKS, timeout=_TIMEOUT_S)


@dataclass
class World:
    """One of each thing that a path can name, as far as it is asked for. The caller may see and change them."""

    caller: Person
    people: People
    _ids: dict[str, str] = field(default_factory=dict)

    def ids(self, names: Iterable[str]) -> dict[str, str]:
        """The ids for the parameters `names` of one path."""
        # First, since other things are in it.
        ordered = sorted(names, key=lambda name: name != "workspaceId")
        for name in ordered:
            if name not in self._ids:
                self._ids[name] = self._make(name)
        return {name: self._ids[name] for name in ordered}

    def _make(self, name: str) -> str:
        rest, workspace = self.caller.rest, self._ids.get("workspaceId", "")
        at = f"/v1/workspaces/{workspace}" if workspace else "/v1/me"
        made: dict[str, str]
        match name:
            case "workspaceId":
                made = rest.post("/v1/workspaces", {"name": "Acme Engines"})
            case "userId":
                made = {"id": self._somebody(workspace).id}
            case "invitationId":
                made = rest.post(f"{at}/invitations", {"email": self.people.address(), "role": "ROLE_MEMBER"})
            case "ownershipTransferId":
                made = rest.post(f"{at}/ownership-transfers", {"userId": self._somebody(workspace).id})
            case "apiKeyId":
                scope = "workspaces.read" if workspace else "account.read"
                made = rest.post(f"{at}/api-keys", {"name": "Robot", "scopes": [scope]})["apiKey"]
            case "sessionId":
                made = self._other_session()
            case "slug":
                made = {"id": rest.post("/v1/workspaces", {"name": "Acme Engines"})["slug"]}
            case _:
                raise AssertionError(f"No test knows how to make a {name}: tell it here.")
        return made["id"]

    def _other_session(self) -> dict[str, str]:
        body = {"email": self.caller.email, "password": self.caller.password}
        self.people.anyone.post("/v1/auth/login", body)
        sessions: list[dict[str, str]] = self.caller.rest.get("/v1/me/sessions")["sessions"]
        return next(session for session in sessions if not session.get("current"))

    def _somebody(self, workspace: str) -> Person:
        other = self.people.person(name="Grace Hopper")
        if workspace:
            self.people.join(self.caller, workspace, other)
        return other
