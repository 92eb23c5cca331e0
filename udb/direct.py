"""The product in this process: its database, and its methods called as anybody, for who owns the machine.

A call goes through all that the contract declares (permissions, field rules, events, the transaction); only the proof
of who calls is left out. Nothing of it can be reached over a network.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from uuid import UUID

from google.protobuf.json_format import ParseDict
from peewee import PeeweeException

from migrations import run as migrations
from server import app
from server.core import clock, ids
from server.core.call import Call, serving
from server.core.contract import Method, methods
from server.core.db import db
from server.core.errors import DomainError
from server.core.interceptors.chain import chain
from server.core.interceptors.handler import Guards, Handler
from server.core.principal import Kind, Principal
from server.workspaces.service.access import permissions_in
from udb.errors import ToolError


@contextmanager
def opened(url: str) -> Iterator[None]:
    """The database at `url`, migrated, for a block. Raises ToolError with the sentence of what the product refuses."""
    try:
        migrations.migrate(url)
        db.open(url, role="userdata_app", application="userdata-udb")
        try:
            yield
        finally:
            db.close()
    except DomainError as error:
        faults = "".join(f"\n  {violation.field} {violation.description}" for violation in error.violations)
        raise ToolError(f"Correct what is not right:{faults}" if faults else error.message) from error
    except PeeweeException as error:
        raise ToolError(f"The database does not do it: {error}") from error


def call(user_id: UUID, name: str, /, **fields: Any) -> Any:
    """The response of method `name`, such as `WorkspaceService/CreateWorkspace`, to a user.

    `fields` are those of the request, as JSON would say them. Raises DomainError.
    """
    method, handler = _served()[name]
    request = ParseDict(fields, method.request())
    incoming = Call(method, {"authorization": f"Bearer {user_id}"}, request_id=str(ids.new()), address="127.0.0.1")
    with serving(incoming):
        return handler(request, incoming)


@cache
def _served() -> dict[str, tuple[Method, Handler]]:
    guards = Guards(authenticate=_believe, permissions_in=permissions_in)
    return {
        method.full_name.rpartition(".")[2]: (method, chain(method, getattr(servicer, method.name), guards))
        for service, servicer in app.SERVICERS
        for method in methods(service)
    }


def _believe(token: str) -> Principal:
    """The user whose id is the token, as if signed in just now."""
    user_id = UUID(token)
    return Principal(Kind.SESSION, ids.encode("usr", user_id), user_id=user_id, auth_time=clock.now())
