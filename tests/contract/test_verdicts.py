"""Every method, called by every kind of caller, answers what verdicts.txt says.

The requests name the workspace and nothing else, so a call that is let through fails, if at all, for its content.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from server import app
from server.accounts.models import Session, User
from server.accounts.service import access_tokens, signing
from server.core import clock, ids, tenancy
from server.core.contract import Method, methods
from server.core.db import db
from server.workspaces.models import Member, Workspace
from server.workspaces.roles import ALL, Role
from tests.support import database as databases
from tests.support.client import Client, RpcError
from udb.embedded import Postgres
from userdata.accounts.v1.api_key_pb2 import ApiKey
from userdata.accounts.v1.api_key_service_pb2 import CreateApiKeyRequest
from userdata.workspaces.v1.workspace_api_key_pb2 import WorkspaceApiKey
from userdata.workspaces.v1.workspace_api_key_service_pb2 import CreateWorkspaceApiKeyRequest

COLUMNS: Final = (
    *("nobody", "expired", "revoked", "stranger", "viewer", "member", "admin", "owner"),
    *("key", "other_key", "narrow_key", "root"),
)
LETTERS: Final = {"UNAUTHENTICATED": "U", "PERMISSION_DENIED": "P", "NOT_FOUND": "N"}
METHODS: Final = {
    f"{method.service.rpartition('.')[2]}/{method.name}": method
    for service, _ in (*app.SERVICERS, *app.STREAMED)
    for method in methods(service)
}


def verdicts() -> dict[str, dict[str, str]]:
    """What verdicts.txt says, by method and caller."""
    lines = Path(__file__).with_name("verdicts.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return {name: dict(zip(COLUMNS, letters, strict=True)) for name, *letters in rows}


VERDICTS: Final = verdicts()


@dataclass(frozen=True)
class World:
    """A workspace and a credential for each kind of caller."""

    workspace_id: str
    credentials: dict[str, str | None]


def user(name: str, *, is_admin: bool = False) -> User:
    return User.create(
        email=f"{name}@example.com",
        email_key=f"{name}@example.com",
        email_verified=True,
        display_name=name.title(),
        is_admin=is_admin,
    )


def signed_in(person: User) -> Session:
    return Session.create(
        user=person.id,
        amr=["pwd"],
        auth_time=clock.now(),
        user_agent="tests",
        ip_address="192.0.2.1",
        last_seen_time=clock.now(),
        expire_time=clock.now() + timedelta(days=31),
    )


def workspace_of(owner: User, slug: str) -> UUID:
    workspace_id = ids.new()
    tenancy.enter(workspace_id)
    Workspace.create(id=workspace_id, name=slug, slug=slug, owner=owner.id, plan="free")
    Member.create(workspace=workspace_id, user=owner.id, role=Role.OWNER)
    return workspace_id


def workspace_key(client: Client, token: str, workspace_id: str) -> str:
    request = CreateWorkspaceApiKeyRequest(
        workspace_id=workspace_id, api_key=WorkspaceApiKey(name="All", scopes=sorted(ALL))
    )
    created = client.call("userdata.workspaces.v1.WorkspaceApiKeyService/CreateWorkspaceApiKey", request, token=token)
    return str(created.key)


@pytest.fixture(scope="module")
def world(postgres: Postgres) -> Iterator[World]:
    """Committed once; each call then happens in a transaction that is rolled back."""
    client = Client()
    # The keys this process holds may be those of a test that was rolled back.
    signing.forget()
    with tenancy.transaction():
        people = {name: user(name) for name in ("stranger", "viewer", "member", "admin", "owner", "revoked")}
        people["root"] = user("root", is_admin=True)
        other = workspace_of(people["stranger"], "other")
        here = workspace_of(people["owner"], "here")
        for role in (Role.VIEWER, Role.MEMBER, Role.ADMIN):
            Member.create(workspace=here, user=people[role.lower()].id, role=role)
        Member.create(workspace=here, user=people["revoked"].id, role=Role.OWNER)
        sessions = {name: signed_in(person) for name, person in people.items()}
        held: dict[str, str | None] = {name: access_tokens.issue(session)[0] for name, session in sessions.items()}
        sessions["revoked"].revoke_time, sessions["revoked"].revoke_cause = clock.now(), "BY_USER"
        sessions["revoked"].save()
    with clock.advanced(-timedelta(minutes=16)):
        held["expired"] = access_tokens.issue(sessions["owner"])[0]
    owner, stranger = str(held["owner"]), str(held["stranger"])
    held["nobody"] = None
    held["key"] = workspace_key(client, owner, ids.encode("ws", here))
    held["other_key"] = workspace_key(client, stranger, ids.encode("ws", other))
    narrow = CreateApiKeyRequest(api_key=ApiKey(name="Narrow", scopes=["sessions.read"]))
    held["narrow_key"] = client.call("userdata.accounts.v1.ApiKeyService/CreateApiKey", narrow, token=owner).key
    yield World(ids.encode("ws", here), held)
    databases.empty(postgres.url)
    signing.forget()


def test_every_method_has_its_verdicts_and_no_other_is_there():
    assert VERDICTS.keys() == METHODS.keys()


@pytest.mark.parametrize("caller", COLUMNS)
@pytest.mark.parametrize("name", sorted(METHODS))
def test_verdict(world: World, name: str, caller: str) -> None:
    method = METHODS[name]
    with db.atomic() as transaction:
        answer = answered(method, world, caller)
        transaction.rollback(begin=False)
    assert answer == VERDICTS[name][caller]


def answered(method: Method, world: World, caller: str) -> str:
    """The letter for what `caller` gets."""
    request: Any = method.request()
    if method.in_workspace:
        request.workspace_id = world.workspace_id
    try:
        Client().call(method.full_name, request, token=world.credentials[caller])
    except RpcError as error:
        assert error.code != "INTERNAL", error
        return LETTERS.get(error.code, ".")
    return "."
