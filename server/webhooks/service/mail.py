"""The letters of webhooks. A worker calls these when it sends, not when something happened.

What a letter says is read now. None means that there is nothing to say any more: the endpoint is active again or
deleted, or the person is no member any more. Each opens a reading scope of its own.

    template            values
    endpoint_disabled   name, locale, time_zone of the owner; workspace_name, url, cause, link

`cause` is a sentence.
"""

from typing import Final
from uuid import UUID

from server.accounts.queries import users
from server.core import config, ids, tenancy
from server.core.mail import Letter
from server.webhooks.queries import endpoints
from server.workspaces.queries import members, workspaces

_CAUSES: Final = {
    "GONE": "It answered 410 Gone, by which it asks for no more webhooks.",
    "FAILING": "Every attempt of the last five days failed.",
}
_ENDPOINT: Final = "/workspaces/{workspace}/endpoints/{endpoint}"


def endpoint_disabled(workspace_id: UUID, endpoint_id: UUID, user_id: UUID) -> Letter | None:
    """That the product gave an endpoint up, and why."""
    with tenancy.reading(workspace=workspace_id):
        found = endpoints.get(workspace_id, endpoint_id)
        workspace = workspaces.get(workspace_id)
        is_member = members.membership(workspace_id, user_id) is not None
        owner = users.profile(user_id)
    if found is None or found[0].state != "DISABLED" or not is_member:
        return None
    if workspace is None or workspace.delete_time is not None or owner is None or owner.email is None:
        return None
    settings: config.Core = config.read(config.Core)
    place = _ENDPOINT.format(workspace=ids.encode("ws", workspace_id), endpoint=ids.encode("whe", endpoint_id))
    values = {
        "name": owner.display_name,
        "locale": owner.locale,
        "time_zone": owner.time_zone,
        "workspace_name": workspace.name,
        "url": found[0].url,
        "cause": _CAUSES[found[0].state_reason],
        "link": settings.public_url.rstrip("/") + place,
    }
    return Letter(owner.email, "endpoint_disabled", values)
