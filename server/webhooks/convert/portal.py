"""Portal sessions."""

from server.core import ids
from server.webhooks.queries.rows import PortalSessionRow
from userdata.webhooks.v1.portal_pb2 import PortalSession


def portal_session(row: PortalSessionRow) -> PortalSession:
    """A portal session as the contract shows it."""
    return PortalSession(
        id=ids.encode("wps", row.id),
        workspace_id=ids.encode("ws", row.workspace_id),
        creator_id=row.creator,
        permissions=row.permissions,
        code_expire_time=row.code_expire_time,
        expire_time=row.expire_time,
        revoke_time=row.revoke_time,
        create_time=row.create_time,
    )
