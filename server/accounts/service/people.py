"""What all verbs about an account share: changing it with its event, and knowing whose call this is."""

from typing import Any, Final
from uuid import UUID

from server.accounts import convert
from server.accounts.models import User
from server.core import call, clock, events, ids
from server.core.principal import Kind, Principal
from userdata.accounts.v1 import account_events_pb2 as events_pb2

#: These change with everything else, which says nothing.
_ALWAYS: Final = ("update_time", "etag")


def change(user: User, **values: Any) -> None:
    """Set columns that the contract shows, and publish `user.updated` with what changed.

    Nothing happens when they have these values already.
    """
    if all(getattr(user, name) == value for name, value in values.items()):
        return
    before = convert.user(user)
    for name, value in values.items():
        setattr(user, name, value)
    user.revision += 1
    user.update_time = clock.now()
    user.save()
    after = convert.user(user)
    changes = events.changes(before, after)
    for name in _ALWAYS:
        changes.pop(name, None)
    events.publish("user.updated", events_pb2.UserUpdated(user=after, changes=changes), subject=after.id)


def acknowledge(user_id: UUID) -> None:
    """Name this person as the one who calls, from here on: a PUBLIC call has just proved it."""
    call.current().principal = Principal(Kind.SESSION, ids.encode("usr", user_id), user_id=user_id)
