"""Publishing: a room says what happened, in the transaction in which it happened. Listeners read the log later.

An event of a workspace leaves a row in `event_pending`, which the drain takes once the transaction is committed. An
ordering key numbers the events that carry it, without gaps; a dedupe key makes a repeat give back the first event.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from google.protobuf.descriptor import Descriptor
from google.protobuf.json_format import MessageToDict, MessageToJson, ParseDict
from google.protobuf.message import Message

from server.core import arrays, call, clock, ids
from server.core.db import Statement, db
from server.core.errors import AlreadyExists
from server.core.waking import Waker
from userdata.api.v1 import event_type_pb2
from userdata.api.v1.change_pb2 import Change

MASK: Final = "***"
#: The channel on which a commit wakes the drain.
CHANNEL: Final = "event"
_WAKER: Final = Waker(CHANNEL)

# The log is append-only for the app, which may not read other tenants' rows back: no RETURNING.
_APPEND: Final = Statement("""
    INSERT INTO event (id, create_time, workspace_id, type, subject, data, actor, request_id, trace_parent)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
""")

_APPEND_PENDING: Final = Statement("""
    WITH new (id, create_time, workspace_id) AS (VALUES (%s::uuid, %s::timestamptz, %s::uuid)),
    pending AS (
        INSERT INTO event_pending (event_id, event_time, workspace_id) SELECT id, create_time, workspace_id FROM new
    )
    INSERT INTO event
        (id, create_time, workspace_id, type, subject, data, channels, actor, request_id, trace_parent)
    SELECT id, create_time, workspace_id, %s, %s, %s, %s, %s, %s, %s FROM new
""")

_APPEND_MANY: Final = Statement("""
    WITH draft AS (
        SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[])
            WITH ORDINALITY AS draft (id, create_time, type, subject, data, channels, at)
    ),
    pending AS (
        INSERT INTO event_pending (event_id, event_time, workspace_id)
        SELECT id, create_time, %s FROM draft ORDER BY at
    )
    INSERT INTO event
        (id, create_time, workspace_id, type, subject, data, channels, actor, request_id, trace_parent)
    SELECT id, create_time, %s, type, subject, data::jsonb, channels::text[], %s, %s, %s FROM draft
""")

# Keys are locked in their own order, so that two batches never wait for each other. A dedupe key that another
# transaction is publishing with is waited for; what it committed is only seen by the next statement.
_APPEND_KEYED: Final = Statement("""
    WITH draft AS (
        SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::text[], %s::bytea[])
            WITH ORDINALITY AS draft
            (id, create_time, type, subject, data, channels, ordering_key, dedupe_key, fingerprint, at)
    ),
    first AS (
        INSERT INTO event_dedupe (workspace_id, dedupe_key, event_id, event_time, fingerprint)
        SELECT %s, dedupe_key, id, create_time, fingerprint FROM draft
        WHERE dedupe_key IS NOT NULL ORDER BY dedupe_key, at
        ON CONFLICT (workspace_id, dedupe_key) DO NOTHING RETURNING event_id
    ),
    fresh AS (
        SELECT draft.* FROM draft LEFT JOIN first ON first.event_id = draft.id
        WHERE draft.dedupe_key IS NULL OR first.event_id IS NOT NULL
    ),
    counter AS (
        INSERT INTO event_sequence AS present (workspace_id, ordering_key, sequence)
        SELECT %s, ordering_key, count(*) FROM fresh
        WHERE ordering_key IS NOT NULL GROUP BY ordering_key ORDER BY ordering_key
        ON CONFLICT (workspace_id, ordering_key) DO UPDATE SET sequence = present.sequence + EXCLUDED.sequence
        RETURNING ordering_key, sequence
    ),
    numbered AS (
        SELECT fresh.*, counter.sequence + 1 - row_number()
            OVER (PARTITION BY fresh.ordering_key ORDER BY fresh.at DESC) AS sequence
        FROM fresh LEFT JOIN counter ON counter.ordering_key = fresh.ordering_key
    ),
    pending AS (
        INSERT INTO event_pending (event_id, event_time, workspace_id)
        SELECT id, create_time, %s FROM numbered ORDER BY at
    ),
    appended AS (
        INSERT INTO event (id, create_time, workspace_id, type, subject, data, channels, ordering_key, sequence,
            dedupe_key, actor, request_id, trace_parent)
        SELECT id, create_time, %s, type, subject, data::jsonb, channels::text[], ordering_key, sequence,
            dedupe_key, %s, %s, %s FROM numbered
    )
    SELECT id, sequence FROM numbered
""")

_REPEATED: Final = Statement("""
    SELECT dedupe_key, event_id, event_time, fingerprint FROM event_dedupe
    WHERE workspace_id = %s AND dedupe_key = ANY(%s)
""")


class DedupeKeyReused(AlreadyExists):
    """The dedupe key was used for another event. `at` are the places in the batch of those that are refused."""

    reason = "DEDUPE_KEY_REUSED"
    message = "This dedupe key belongs to an event with other content. Use a new one."

    def __init__(self, event_id: UUID, at: Sequence[int]) -> None:
        super().__init__(event_id=ids.encode("evt", event_id))
        self.at = tuple(at)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event to publish. `data` is the text of a JSON object."""

    type: str
    subject: str
    data: str
    channels: tuple[str, ...] = ()
    ordering_key: str | None = None
    dedupe_key: str | None = None

    @property
    def fingerprint(self) -> bytes:
        """A digest of what the event says; the same for the same data in another order of keys."""
        data = json.loads(self.data, parse_int=float)
        said = [self.type, self.subject, data, sorted(self.channels), self.ordering_key]
        return sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).digest()


@dataclass(frozen=True, slots=True)
class Published:
    """An event in the log. `repeated` tells that it was there before: its dedupe key was used already."""

    id: UUID
    create_time: datetime
    sequence: int | None = None
    repeated: bool = False


def publish(
    event_type: str,
    payload: Message,
    *,
    subject: str,
    workspace: UUID | None = None,
    channels: Sequence[str] = (),
    ordering_key: str | None = None,
    dedupe_key: str | None = None,
) -> UUID:
    """Append one event to the log and give its id.

    `event_type` is dotted (`workspace.member.added`), `subject` the TypeID of what changed. Actor, request id and
    trace come from the current call. The event exists if, and only if, the transaction commits. Keys need a
    workspace. Raises DedupeKeyReused when the key was used for an event that says something else.
    """
    if _declared(payload.DESCRIPTOR) != event_type:
        raise ValueError(f"the contract does not say that {payload.DESCRIPTOR.full_name} is the data of {event_type}")
    data = MessageToJson(payload, indent=None)
    if workspace is not None:
        draft = Draft(event_type, subject, data, tuple(channels), ordering_key, dedupe_key)
        return publish_many([draft], workspace=workspace)[0].id
    if channels or ordering_key is not None or dedupe_key is not None:
        raise ValueError("an event without a workspace has no channels and no keys")
    new = _new()
    db.defer(_APPEND, (new.id, new.create_time, None, event_type, subject, data, *_origin()))
    return new.id


def publish_many(drafts: Sequence[Draft], *, workspace: UUID) -> list[Published]:
    """Append events of one workspace to the log, in their order, by one statement.

    Sequences within an ordering key follow the order of `drafts` and have no gaps. A draft whose dedupe key was used
    before, in this batch too, gives back the first event. Raises DedupeKeyReused when that one says something else.
    """
    if not drafts:
        return []
    _WAKER.wake_after_commit()
    if any(draft.ordering_key is not None or draft.dedupe_key is not None for draft in drafts):
        return _publish_keyed(drafts, workspace)
    new = [_new() for _ in drafts]
    if len(drafts) == 1:
        draft = drafts[0]
        row = (new[0].id, new[0].create_time, workspace, draft.type, draft.subject, draft.data, list(draft.channels))
        db.defer(_APPEND_PENDING, (*row, *_origin()))
    else:
        db.defer(_APPEND_MANY, (*_columns(new, drafts), workspace, workspace, *_origin()))
    return new


def _publish_keyed(drafts: Sequence[Draft], workspace: UUID) -> list[Published]:
    new = [_new() for _ in drafts]
    prints = [None if draft.dedupe_key is None else draft.fingerprint for draft in drafts]
    keys = ([draft.ordering_key for draft in drafts], [draft.dedupe_key for draft in drafts], prints)
    values = (*_columns(new, drafts), *keys, *[workspace] * 4, *_origin())
    sequences = dict(db.execute_sql(_APPEND_KEYED, values).fetchall())
    published = [Published(event.id, event.create_time, sequences.get(event.id)) for event in new]
    repeats = [at for at, event in enumerate(new) if event.id not in sequences]
    if repeats:
        _take_repeats(drafts, workspace, published, repeats, prints)
    return published


def _take_repeats(
    drafts: Sequence[Draft],
    workspace: UUID,
    published: list[Published],
    repeats: Sequence[int],
    prints: Sequence[bytes | None],
) -> None:
    """Put the first events of those keys in the places of their repeats."""
    keys = sorted({str(drafts[at].dedupe_key) for at in repeats})
    found = {key: rest for key, *rest in db.execute_sql(_REPEATED, (workspace, keys)).fetchall()}
    refused = [at for at in repeats if bytes(found[str(drafts[at].dedupe_key)][2]) != prints[at]]
    if refused:
        raise DedupeKeyReused(found[str(drafts[refused[0]].dedupe_key)][0], refused)
    for at in repeats:
        event_id, event_time, _ = found[str(drafts[at].dedupe_key)]
        published[at] = Published(event_id, event_time, repeated=True)


@cache
def _declared(payload: Descriptor) -> str:
    """The event type whose data the contract says the message to be."""
    options: Any = payload.GetOptions()
    return str(options.Extensions[event_type_pb2.event_type])


def _new() -> Published:
    # One reading of the clock: the id tells in which partition the event is.
    event_id = ids.new_at(clock.now())
    return Published(event_id, ids.time_of(event_id))


def _columns(new: Iterable[Published], drafts: Sequence[Draft]) -> tuple[Any, ...]:
    return (
        arrays.plain(event.id for event in new),
        arrays.plain(event.create_time for event in new),
        [draft.type for draft in drafts],
        [draft.subject for draft in drafts],
        [draft.data for draft in drafts],
        [arrays.plain(f'"{channel}"' for channel in draft.channels) for draft in drafts],
    )


def _origin() -> tuple[str, str, str]:
    current = call.current()
    return current.actor, current.request_id, current.trace_parent


def changes(before: Message, after: Message, *, secret: frozenset[str] = frozenset()) -> dict[str, Change]:
    """What differs between two states of one resource, field by field; values of `secret` fields are masked."""
    old, new = (MessageToDict(state, preserving_proto_field_name=True) for state in (before, after))
    return {
        name: masked() if name in secret else _change(old, new, name)
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }


def masked() -> Change:
    """A change whose values are not shown."""
    change = Change()
    change.before.string_value = change.after.string_value = MASK
    return change


def _change(old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> Change:
    return ParseDict({"before": old.get(name), "after": new.get(name)}, Change())
