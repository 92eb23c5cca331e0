"""One's own account: reading and updating it."""

from typing import Any, Final
from uuid import UUID

from server.accounts.models import User
from server.accounts.queries import users
from server.accounts.service import people
from server.core import etags, masks
from server.core.errors import NotFound
from userdata.accounts.v1 import account_service_pb2, user_pb2

#: What a person may change, and what an empty value means.
_DEFAULTS: Final = {"display_name": "", "avatar_url": "", "locale": "en", "time_zone": "UTC", "labels": {}}


def mine(user_id: UUID) -> users.Profile:
    """The caller's account. Raises NotFound."""
    row = users.profile(user_id)
    if row is None:
        raise NotFound
    return row


def update(user_id: UUID, request: account_service_pb2.UpdateMeRequest) -> User:
    """The account with the fields of the mask changed. Raises UpdateMaskInvalid, Aborted or NotFound."""
    paths = masks.paths(request.update_mask, request.user, allowed=_DEFAULTS.keys())
    user = users.lock(user_id)
    if user is None:
        raise NotFound
    etags.require(request.user.etag, user.id, user.revision)
    people.change(user, **{path: _value(request.user, path) for path in paths})
    return user


def _value(wanted: user_pb2.User, path: str) -> Any:
    value = getattr(wanted, path)
    return (dict(value) if path == "labels" else value) or _DEFAULTS[path]
