"""The tables of events that are not the log itself, which stands in `server.core.models`."""

import peewee

from server.core import clock
from server.core.models import CreateTimeField, IdField, JsonField, Model, TimeField
from server.workspaces.models import WorkspaceKeyField


class EventFeed(Model):
    """An event's place in the order in which all were drained; `matches` is how many deliveries it became."""

    feed_time = TimeField()
    position = peewee.BigIntegerField()
    workspace_id = peewee.UUIDField()
    event_id = peewee.UUIDField()
    event_time = TimeField()
    type = peewee.TextField()
    matches = peewee.IntegerField()

    class Meta:
        table_name = "event_feed"
        primary_key = peewee.CompositeKey("position", "feed_time")


class EventDrain(Model):
    """The one row that a drain locks, and the last position it gave."""

    id = peewee.BooleanField(primary_key=True)
    position = peewee.BigIntegerField()

    class Meta:
        table_name = "event_drain"


class EventType(Model):
    """A type of a workspace's own. `version` is the latest of its schemas."""

    id = IdField()
    workspace = WorkspaceKeyField()
    name = peewee.TextField()
    description = peewee.TextField(default="")
    version = peewee.IntegerField(default=1)
    labels = JsonField(default=dict)
    revision = peewee.IntegerField(default=1)
    create_time = CreateTimeField()
    update_time = TimeField(default=clock.now)
    archive_time = TimeField(null=True)

    class Meta:
        table_name = "event_type"


class EventTypeVersion(Model):
    """One schema of a type, never changed."""

    event_type = peewee.ForeignKeyField(EventType, index=False, lazy_load=False)
    version = peewee.IntegerField()
    workspace = WorkspaceKeyField()
    schema = JsonField()
    examples = JsonField(default=list)
    create_time = CreateTimeField()

    class Meta:
        table_name = "event_type_version"
        primary_key = peewee.CompositeKey("event_type", "version")
