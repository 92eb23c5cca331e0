"""Publishing: a room says what happened, in the transaction in which it happened. Listeners read the log later."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from google.protobuf.json_format import MessageToDict, MessageToJson, ParseDict
from google.protobuf.message import Message

from server.core import call, clock, ids
from server.core.db import Prepared, Slot
from server.core.models import Event
from userdata.api.v1.change_pb2 import Change

MASK: Final = "***"
_COLUMNS: Final = (
    Event.id,
    Event.workspace_id,
    Event.type,
    Event.subject,
    Event.data,
    Event.actor,
    Event.request_id,
    Event.trace_parent,
    Event.create_time,
)
# The log is append-only for the app, which may not read other tenants' rows back: no RETURNING.
_APPEND: Final = Prepared(lambda: Event.insert({c: Slot(c.name) for c in _COLUMNS}).returning())


def publish(event_type: str, payload: Message, *, subject: str, workspace: UUID | None = None) -> None:
    """Append one event to the log.

    `event_type` is dotted (`workspace.member.added`), `subject` the TypeID of what changed. Actor, request id and
    trace come from the current call. The event exists if, and only if, the transaction commits.
    """
    current = call.current()
    _APPEND.run(
        id=ids.new(),
        workspace_id=workspace,
        type=event_type,
        subject=subject,
        data=MessageToJson(payload, indent=None),
        actor=current.actor,
        request_id=current.request_id,
        trace_parent=current.trace_parent,
        create_time=clock.now(),
    )


def changes(before: Message, after: Message, *, secret: frozenset[str] = frozenset()) -> dict[str, Change]:
    """What differs between two states of one resource, field by field; values of `secret` fields are masked."""
    old, new = (MessageToDict(state, preserving_proto_field_name=True) for state in (before, after))
    return {
        name: _masked() if name in secret else _change(old, new, name)
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }


def _masked() -> Change:
    change = Change()
    change.before.string_value = change.after.string_value = MASK
    return change


def _change(old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> Change:
    return ParseDict({"before": old.get(name), "after": new.get(name)}, Change())
