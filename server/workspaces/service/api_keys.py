"""Workspace API keys: what programs of a workspace call with."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from server.accounts.errors import ApiKeyExpired, ApiKeyInvalid, ApiKeyNotActive, ApiKeyRevoked
from server.core import apikeys, clock, credentials, etags, events, ids, tenancy
from server.core.call import Call
from server.core.credentials import Verified
from server.core.errors import NotFound
from server.core.paging import Page
from server.core.principal import Kind, Principal
from server.workspaces import convert
from server.workspaces.errors import TooManyApiKeys
from server.workspaces.queries import api_keys
from server.workspaces.queries.api_keys import PresentedRow
from server.workspaces.queries.rows import WorkspaceApiKeyRow
from server.workspaces.service import access
from userdata.accounts.v1 import account_events_pb2

PREFIX: Final = "udw_"
MOST_ACTIVE: Final = 100
_USE_NOTED_EVERY: Final = timedelta(minutes=1)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def verify_workspace_api_key(token: str) -> Verified:
    """What the workspace API key `token` proves. Raises ApiKeyInvalid, ApiKeyRevoked, ApiKeyExpired."""
    if not apikeys.is_wellformed(PREFIX, token):
        raise ApiKeyInvalid
    row = api_keys.presented(apikeys.digests(token))
    if row is None:
        raise ApiKeyInvalid
    if row.revoke_time is not None or not row.owner_is_active:
        raise ApiKeyRevoked
    now = clock.now()
    if row.expire_time is not None and row.expire_time <= now:
        raise ApiKeyExpired
    _note_use(row, now)
    name = ids.encode("key", row.id)
    principal = Principal(
        Kind.WORKSPACE_KEY, name, key_id=row.id, workspace_id=row.workspace_id, scopes=frozenset(row.scopes)
    )
    tags = (name, ids.encode("usr", row.owner_id), ids.encode("ws", row.workspace_id))
    return Verified(principal, row.expire_time or _NEVER, tags)


def _note_use(row: PresentedRow, now: datetime) -> None:
    limit = now - _USE_NOTED_EVERY
    if row.last_used_time is None or row.last_used_time <= limit:
        with tenancy.transaction(workspace=row.workspace_id):
            api_keys.touch(row.workspace_id, row.id, at=now, unless_after=limit)


def create(
    caller: Call, *, name: str, scopes: list[str], expire_time: datetime | None
) -> tuple[WorkspaceApiKeyRow, str]:
    """A new API key that the caller owns, and the key itself, which is kept nowhere.

    Raises PermissionUnknown, PermissionNotHeld, TooManyApiKeys.
    """
    workspace = access.hold(caller)
    access.require_held(caller, scopes)
    now = clock.now()
    if api_keys.count_active(workspace.id, now=now, most=MOST_ACTIVE) >= MOST_ACTIVE:
        raise TooManyApiKeys(limit=str(MOST_ACTIVE))
    key = apikeys.generate(PREFIX)
    row = WorkspaceApiKeyRow(
        id=ids.new(),
        workspace_id=workspace.id,
        owner_id=caller.caller.own_id,
        name=name,
        scopes=scopes,
        hint=apikeys.hint(key),
        expire_time=expire_time,
        last_used_time=None,
        revision=1,
        create_time=now,
        update_time=now,
        revoke_time=None,
    )
    api_keys.insert(row, key_hash=apikeys.digest(key))
    _publish_created(row)
    return row, key


def _publish_created(row: WorkspaceApiKeyRow) -> None:
    key = convert.api_key(row)
    created = account_events_pb2.ApiKeyCreated(
        api_key_id=key.id,
        user_id=key.owner_id,
        workspace_id=key.workspace_id,
        name=key.name,
        scopes=key.scopes,
        expire_time=row.expire_time,
    )
    events.publish("api_key.created", created, subject=key.id, workspace=row.workspace_id)


def get(workspace_id: UUID, key_id: UUID) -> WorkspaceApiKeyRow:
    """An API key."""
    row = api_keys.get(workspace_id, key_id)
    if row is None:
        raise NotFound
    return row


def page_of(workspace_id: UUID, page: Page, *, show_revoked: bool) -> tuple[list[WorkspaceApiKeyRow], str]:
    """A page of API keys, the newest first, and the token of the next one."""
    after = UUID(page.after[0]) if page.after else None
    rows = api_keys.page_of(workspace_id, after=after, limit=page.limit, with_revoked=show_revoked)
    return page.cut(rows, lambda row: [str(row.id)])


def rename(caller: Call, key_id: UUID, *, name: str | None, etag: str) -> WorkspaceApiKeyRow:
    """The API key with another name. Raises ApiKeyNotActive, Aborted."""
    before = _active(caller, key_id, etag=etag)
    return before if name in (None, before.name) else _change(before, name=name)


def reassign(caller: Call, key_id: UUID, *, etag: str) -> WorkspaceApiKeyRow:
    """The API key, owned by the caller. Raises ApiKeyNotActive, PermissionNotHeld, Aborted."""
    before = _active(caller, key_id, etag=etag)
    access.require_held(caller, before.scopes)
    person = caller.caller.own_id
    return before if before.owner_id == person else _change(before, owner_id=person)


def _active(caller: Call, key_id: UUID, *, etag: str) -> WorkspaceApiKeyRow:
    workspace = access.hold(caller)
    row = get(workspace.id, key_id)
    etags.require(etag, row.id, row.revision)
    if row.revoke_time is not None or (row.expire_time is not None and row.expire_time <= clock.now()):
        raise ApiKeyNotActive
    return row


def _change(before: WorkspaceApiKeyRow, **changes: Any) -> WorkspaceApiKeyRow:
    changes = {**changes, "revision": before.revision + 1, "update_time": clock.now()}
    api_keys.update(before.workspace_id, before.id, **changes)
    # What other processes remember of the key names its owner.
    credentials.revoke(ids.encode("key", before.id))
    return before._replace(**changes)


def revoke(caller: Call, key_id: UUID, *, etag: str) -> None:
    """End an API key for good; once more changes nothing. Raises Aborted."""
    workspace = access.hold(caller)
    row = get(workspace.id, key_id)
    if row.revoke_time is not None:
        return
    etags.require(etag, row.id, row.revision)
    _revoke(row)


def revoke_all_of(workspace_id: UUID, owner_id: UUID) -> None:
    """End the API keys of somebody who is no member any more; the transaction holds the workspace."""
    for row in api_keys.unrevoked_of(workspace_id, owner_id):
        _revoke(row)


def _revoke(before: WorkspaceApiKeyRow) -> None:
    row = _change(before, revoke_time=clock.now())
    key = convert.api_key(row)
    revoked = account_events_pb2.ApiKeyRevoked(
        api_key_id=key.id, user_id=key.owner_id, workspace_id=key.workspace_id, name=key.name
    )
    events.publish("api_key.revoked", revoked, subject=key.id, workspace=row.workspace_id)
