"""The portal: links that open the webhook pages of a workspace once, and the sessions that they become.

A session's rights hang on whoever made its link: it is refused what that person or API key may not do any more.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from google.protobuf.message import Message

from server.core import apikeys, clock, config, credentials, events, ids, tenancy
from server.core.call import Call
from server.core.credentials import Verified
from server.core.errors import NotFound
from server.core.paging import Page
from server.core.principal import Kind, Principal
from server.webhooks.convert import portal as convert
from server.webhooks.errors import PortalCodeInvalid, PortalSessionEnded
from server.webhooks.queries import portal
from server.webhooks.queries.rows import PortalSessionRow
from server.workspaces.queries import api_keys
from server.workspaces.service import access
from userdata.webhooks.v1.webhook_events_pb2 import (
    WebhookPortalLinkCreated,
    WebhookPortalOpened,
    WebhookPortalRevoked,
)

#: What sessions begin with, and what links do.
PREFIX: Final = "udp_"
CODE_PREFIX: Final = "upc_"
#: What sessions may be given.
PERMISSIONS: Final = ("webhooks.read", "webhooks.write", "webhooks.secrets", "events.read")
_LINK_LASTS: Final = timedelta(minutes=10)
_SESSION_LASTS: Final = timedelta(hours=1)
_PLACE: Final = "/portal#code="
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def create(caller: Call, permissions: Collection[str]) -> tuple[PortalSessionRow, str, str]:
    """A link's session, its URL and its code, which is kept nowhere. Raises PermissionNotHeld."""
    workspace = access.hold(caller)
    access.require_held(caller, permissions)
    given = permissions or caller.permissions
    now = clock.now()
    row = PortalSessionRow(
        id=ids.new(),
        workspace_id=workspace.id,
        creator=_maker(caller.caller),
        permissions=[name for name in PERMISSIONS if name in given],
        code_expire_time=now + _LINK_LASTS,
        expire_time=None,
        revoke_time=None,
        create_time=now,
    )
    code = apikeys.generate(CODE_PREFIX)
    portal.insert(row, code_hash=apikeys.digest(code))
    _publish("link_created", row, WebhookPortalLinkCreated(session=convert.portal_session(row)))
    settings: config.Core = config.read(config.Core)
    return row, settings.public_url.rstrip("/") + _PLACE + code, code


def _maker(principal: Principal) -> str:
    """Whose rights the session's hang on: the person, also of a personal API key, or the workspace API key."""
    return ids.encode("usr", principal.user_id) if principal.user_id is not None else principal.name


def exchange(code: str) -> tuple[PortalSessionRow, str]:
    """The session that a link becomes, and its token, which is kept nowhere. Raises PortalCodeInvalid."""
    row = portal.by_code(apikeys.digests(code)) if apikeys.is_wellformed(CODE_PREFIX, code) else None
    if row is None:
        raise PortalCodeInvalid
    tenancy.enter(row.workspace_id)
    now = clock.now()
    token = apikeys.generate(PREFIX)
    row = row._replace(expire_time=now + _SESSION_LASTS)
    digest = apikeys.digest(token)
    if not portal.start(row.workspace_id, row.id, token_hash=digest, now=now, expire_time=now + _SESSION_LASTS):
        raise PortalCodeInvalid
    _publish("opened", row, WebhookPortalOpened(session=convert.portal_session(row)))
    return row, token


def verify_portal_token(token: str) -> Verified:
    """What the portal token `token` proves. Raises PortalSessionEnded."""
    row = portal.by_token(apikeys.digests(token)) if apikeys.is_wellformed(PREFIX, token) else None
    if row is None or row.revoke_time is not None or row.expire_time is None or row.expire_time <= clock.now():
        raise PortalSessionEnded
    name = ids.encode("wps", row.id)
    made_by_key = ids.matches("key", row.creator)
    maker = ids.decode("key" if made_by_key else "usr", row.creator)
    until = min(row.expire_time, _key_ends(row.workspace_id, maker)) if made_by_key else row.expire_time
    principal = Principal(
        Kind.PORTAL_SESSION,
        name,
        key_id=maker if made_by_key else None,
        workspace_id=row.workspace_id,
        for_user_id=None if made_by_key else maker,
        scopes=frozenset(row.permissions),
    )
    return Verified(principal, until, (name, row.creator, ids.encode("ws", row.workspace_id)))


def _key_ends(workspace_id: UUID, key_id: UUID) -> datetime:
    """Until when the API key that made a link works. Raises PortalSessionEnded when it does not."""
    with tenancy.reading(workspace=workspace_id):
        key = api_keys.get(workspace_id, key_id)
    ends = key.expire_time or _NEVER if key is not None and key.revoke_time is None else clock.now()
    if ends <= clock.now():
        raise PortalSessionEnded
    return ends


def page_of(workspace_id: UUID, page: Page) -> tuple[list[PortalSessionRow], str]:
    """A page of links and sessions, the newest first, and the token of the next one."""
    after = UUID(page.after[0]) if page.after else None
    rows = portal.page_of(workspace_id, after=after, limit=page.limit)
    return page.cut(rows, lambda row: [str(row.id)])


def revoke(caller: Call, session_id: UUID) -> PortalSessionRow:
    """The session, which has ended; once more changes nothing. Raises NotFound."""
    workspace = access.hold(caller)
    row = portal.get(workspace.id, session_id)
    if row is None:
        raise NotFound
    now = clock.now()
    if not portal.revoke(workspace.id, session_id, at=now):
        return row
    credentials.revoke(ids.encode("wps", row.id))
    row = row._replace(revoke_time=now)
    _publish("revoked", row, WebhookPortalRevoked(session=convert.portal_session(row)))
    return row


def _publish(what: str, row: PortalSessionRow, payload: Message) -> None:
    name = ids.encode("wps", row.id)
    events.publish(f"webhook.portal.{what}", payload, subject=name, workspace=row.workspace_id)
