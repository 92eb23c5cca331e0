"""What every table of the product shares, and the tables that belong to no room.

Tables are made by `migrations/`; a test proves that both agree. Enumerated columns hold the upper-case word and
have a CHECK, so that a row can be read without the code.
"""

from typing import TYPE_CHECKING, Any, Final

import peewee
from playhouse.postgres_ext import ArrayField, BinaryJSONField, DateTimeTZField

from server.core import clock, ids
from server.core.db import db

UuidField = peewee.UUIDField

if TYPE_CHECKING:

    class _Value:
        """What a row gives for a field of playhouse, which Peewee's stubs leave out."""

        def __get__(self, instance: object, owner: Any) -> Any: ...

        def __set__(self, instance: object, value: Any) -> None: ...

else:
    _Value = object


class Model(peewee.Model):
    """Base of all tables."""

    class Meta:
        database = db
        legacy_table_names = False
        only_save_dirty = True


class IdField(peewee.UUIDField):
    """A primary key that is a UUIDv7, made when the row is."""

    def __init__(self, **options: Any) -> None:
        super().__init__(primary_key=True, default=ids.new, **options)


class TimeField(DateTimeTZField, _Value):  # type: ignore[misc] # playhouse has no types
    """A moment in UTC, `timestamptz`."""


class CreateTimeField(TimeField):
    """The moment the row was made."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default=clock.now, **options)


class JsonField(BinaryJSONField, _Value):  # type: ignore[misc] # as above
    """A JSON document, `jsonb`, without the index Peewee would add."""

    def __init__(self, **options: Any) -> None:
        super().__init__(index=False, **options)


class EnumField(peewee.TextField):
    """One of a few upper-case words, checked by the database."""

    def __init__(self, *words: str, **options: Any) -> None:
        self.words: Final = words
        super().__init__(**options)


class Event(Model):
    """One thing that happened, append-only, partitioned by day of `create_time`."""

    id = peewee.UUIDField(default=ids.new)
    workspace_id = peewee.UUIDField(null=True)
    type = peewee.TextField()
    subject = peewee.TextField()
    data = JsonField()
    actor = peewee.TextField()
    request_id = peewee.TextField()
    trace_parent = peewee.TextField()
    create_time = CreateTimeField()
    channels = ArrayField(peewee.TextField, index=False, default=list)
    ordering_key = peewee.TextField(null=True)
    sequence = peewee.BigIntegerField(null=True)
    dedupe_key = peewee.TextField(null=True)

    class Meta:
        table_name = "event"
        primary_key = peewee.CompositeKey("create_time", "id")


class EventSequence(Model):
    """The last sequence number that was given within an ordering key."""

    workspace_id = peewee.UUIDField()
    ordering_key = peewee.TextField()
    sequence = peewee.BigIntegerField()

    class Meta:
        table_name = "event_sequence"
        primary_key = peewee.CompositeKey("workspace_id", "ordering_key")


class EventDedupe(Model):
    """Which event was published with a dedupe key, and a fingerprint of what it said."""

    workspace_id = peewee.UUIDField()
    dedupe_key = peewee.TextField()
    event_id = peewee.UUIDField()
    event_time = TimeField()
    fingerprint = peewee.BlobField()

    class Meta:
        table_name = "event_dedupe"
        primary_key = peewee.CompositeKey("workspace_id", "dedupe_key")


class EventPending(Model):
    """A committed event of a workspace that no drain has taken yet."""

    number = peewee.BigIntegerField(primary_key=True)
    event_id = peewee.UUIDField()
    event_time = TimeField()
    workspace_id = peewee.UUIDField()

    class Meta:
        table_name = "event_pending"


class Job(Model):
    """One piece of work to be done outside a request, kept until it is done.

    READY waits for `run_time`; SENT is with the broker and RUNNING with a worker until `lease_time`, after which the
    relay sends it again; DEAD has used all its attempts and waits for a person.
    """

    id = IdField()
    type = peewee.TextField()
    payload = peewee.BlobField()
    state = EnumField("READY", "SENT", "RUNNING", "DEAD", default="READY")
    attempts = peewee.IntegerField(default=0)
    run_time = TimeField(default=clock.now)
    lease_time = TimeField(null=True)
    error = peewee.TextField(default="")
    trace_parent = peewee.TextField(default="")
    create_time = CreateTimeField()

    class Meta:
        table_name = "job"


class IdempotencyKey(Model):
    """The first answer to a call with an Idempotency-Key, sealed, kept for 24 hours."""

    principal = peewee.TextField()
    key = peewee.TextField()
    fingerprint = peewee.BlobField()
    response = peewee.BlobField(null=True)
    expire_time = TimeField()

    class Meta:
        table_name = "idempotency_key"
        primary_key = peewee.CompositeKey("principal", "key")
