"""The tables of webhooks. All belong to a workspace and are closed to the others by row-level security.

Large and fast tables (open deliveries, finished ones, attempts, skips, receipts) hold plain ids: their rows are written
in batches, and a foreign key costs a look-up for each.
"""

from typing import Any

import peewee
from playhouse.postgres_ext import ArrayField

from server.core import clock
from server.core.models import CreateTimeField, EnumField, IdField, JsonField, Model, TimeField
from server.workspaces.models import WorkspaceKeyField

SIGNATURES = ("HMAC_SHA256", "ED25519")
ORDERINGS = ("NONE", "PER_KEY")
FORMATS = ("PLAIN", "CLOUDEVENTS")
AUTH_KINDS = ("NONE", "BASIC", "BEARER", "OAUTH2", "MTLS")
STATES = ("ACTIVE", "PAUSED", "DISABLED")
OPEN_STATES = ("PENDING", "DELIVERING", "RETRYING", "HELD")
FINISHED_STATES = ("SUCCEEDED", "FAILED", "CANCELLED")
#: The state in which a delivery begins, by that of its endpoint; one to a disabled endpoint does not.
FIRST_STATES = {"ACTIVE": "PENDING", "PAUSED": "HELD"}
TRIGGERS = ("AUTOMATIC", "MANUAL", "REPLAY", "TEST")


class Endpoint(Model):
    """Where a workspace's events are sent. `headers` and `auth` may hold secrets and are sealed."""

    id = IdField()
    workspace = WorkspaceKeyField()
    url = peewee.TextField()
    url_key = peewee.TextField()
    description = peewee.TextField(default="")
    event_types = ArrayField(peewee.TextField, index=False, default=list)
    filter = peewee.TextField(default="")  # type: ignore[assignment] # hides what Peewee has of that name
    channels = ArrayField(peewee.TextField, index=False, default=list)
    headers = peewee.BlobField(default=b"")
    signature = EnumField(*SIGNATURES, default="HMAC_SHA256")
    retry_delays = ArrayField(peewee.IntegerField, index=False)
    timeout_seconds = peewee.IntegerField(default=15)
    rate_limit = peewee.IntegerField(null=True)
    ordering = EnumField(*ORDERINGS, default="NONE")
    format = EnumField(*FORMATS, default="PLAIN")
    transformation = peewee.TextField(default="")
    auth_kind = EnumField(*AUTH_KINDS, default="NONE")
    auth = peewee.BlobField(default=b"")
    state = EnumField(*STATES, default="ACTIVE")
    state_reason = peewee.TextField(default="")
    labels = JsonField(default=dict)
    verify_time = TimeField(null=True)
    revision = peewee.IntegerField(default=1)
    create_time = CreateTimeField()
    update_time = TimeField(default=clock.now)
    delete_time = TimeField(null=True)

    class Meta:
        table_name = "webhook_endpoint"


class EndpointKeyField(peewee.ForeignKeyField):
    """The endpoint that a row belongs to; reading it gives the id and costs no query."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Endpoint, index=False, lazy_load=False, **options)


class EndpointVersion(Model):
    """An endpoint as it was from `create_time` until `end_time`."""

    endpoint = EndpointKeyField()
    revision = peewee.IntegerField()
    workspace = WorkspaceKeyField()
    url = peewee.TextField()
    event_types = ArrayField(peewee.TextField, index=False)
    filter = peewee.TextField()  # type: ignore[assignment] # as above
    channels = ArrayField(peewee.TextField, index=False)
    headers = peewee.BlobField()
    signature = peewee.TextField()
    timeout_seconds = peewee.IntegerField()
    format = peewee.TextField()
    transformation = peewee.TextField()
    auth_kind = peewee.TextField()
    auth = peewee.BlobField()
    state = peewee.TextField()
    create_time = CreateTimeField()
    end_time = TimeField(null=True)

    class Meta:
        table_name = "webhook_endpoint_version"
        primary_key = peewee.CompositeKey("endpoint", "revision")


class Secret(Model):
    """What an endpoint's deliveries are signed with, sealed; after a rotation the former one until `expire_time`."""

    id = IdField()
    endpoint = EndpointKeyField()
    workspace = WorkspaceKeyField()
    secret = peewee.BlobField()
    create_time = CreateTimeField()
    expire_time = TimeField(null=True)

    class Meta:
        table_name = "webhook_secret"


class Lane(Model):
    """How an endpoint's deliveries go: when the next is due, what blocks them, and what the breaker counts.

    `due_time` is when to look for what is due, never before `blocked_time`. `rate_time` is when the rate limit's bucket
    is full again.
    """

    endpoint = EndpointKeyField(primary_key=True)
    workspace = WorkspaceKeyField()
    due_time = TimeField()
    blocked_time = TimeField()
    rate_time = TimeField()
    breaker = EnumField("CLOSED", "OPEN", default="CLOSED")
    opened = peewee.IntegerField(default=0)
    window_time = TimeField(default=clock.now)
    window_attempts = peewee.IntegerField(default=0)
    window_failures = peewee.IntegerField(default=0)
    failing_time = TimeField(null=True)

    class Meta:
        table_name = "webhook_lane"


class OpenDelivery(Model):
    """A delivery that is not finished.

    A claim lasts until `lease_time`; who holds another `claim` may not end it. `attempts` counts all, `tries` those
    since the retry schedule began. `revision` is the endpoint's version that counts, None for the latest.
    """

    endpoint_id = peewee.UUIDField()
    event_id = peewee.UUIDField()
    event_time = TimeField()
    workspace_id = peewee.UUIDField()
    type = peewee.TextField()
    position = peewee.BigIntegerField()
    ordering_key = peewee.TextField(null=True)
    due_time = TimeField()
    claim = peewee.UUIDField(null=True)
    lease_time = TimeField(null=True)
    state = EnumField(*OPEN_STATES, default="PENDING")
    trigger = EnumField(*TRIGGERS, default="AUTOMATIC")
    attempts = peewee.IntegerField(default=0)
    tries = peewee.IntegerField(default=0)
    revision = peewee.IntegerField(null=True)
    replay_id = peewee.UUIDField(null=True)
    create_time = CreateTimeField()
    update_time = TimeField(default=clock.now)

    class Meta:
        table_name = "webhook_open_delivery"
        primary_key = peewee.CompositeKey("endpoint_id", "event_id")


class Delivery(Model):
    """A delivery that is finished, partitioned by the day of its event."""

    endpoint_id = peewee.UUIDField()
    event_id = peewee.UUIDField()
    event_time = TimeField()
    workspace_id = peewee.UUIDField()
    type = peewee.TextField()
    position = peewee.BigIntegerField()
    ordering_key = peewee.TextField(null=True)
    state = EnumField(*FINISHED_STATES)
    trigger = EnumField(*TRIGGERS)
    attempts = peewee.IntegerField()
    revision = peewee.IntegerField(null=True)
    replay_id = peewee.UUIDField(null=True)
    create_time = CreateTimeField()
    update_time = TimeField(default=clock.now)

    class Meta:
        table_name = "webhook_delivery"
        primary_key = peewee.CompositeKey("endpoint_id", "event_id", "event_time")


class Attempt(Model):
    """One HTTP request of a delivery and what came of it; `status` is None when no answer came.

    `detail` is a sentence about `error`. A request that was `resent` may have arrived twice.
    """

    endpoint_id = peewee.UUIDField()
    event_id = peewee.UUIDField()
    event_time = TimeField()
    number = peewee.IntegerField()
    workspace_id = peewee.UUIDField()
    trigger = EnumField(*TRIGGERS)
    start_time = TimeField()
    dns_ms = peewee.FloatField(null=True)
    connect_ms = peewee.FloatField(null=True)
    tls_ms = peewee.FloatField(null=True)
    first_byte_ms = peewee.FloatField(null=True)
    total_ms = peewee.FloatField()
    status = peewee.IntegerField(null=True)
    error = peewee.TextField(default="")
    response_headers = JsonField(default=dict)
    response_body = peewee.BlobField(default=b"")
    address = peewee.TextField(default="")
    detail = peewee.TextField(default="")
    resent = peewee.BooleanField(default=False)

    class Meta:
        table_name = "webhook_attempt"
        primary_key = peewee.CompositeKey("endpoint_id", "event_id", "number", "event_time")


class Skip(Model):
    """Why an endpoint that subscribes to an event's type did not get it."""

    event_id = peewee.UUIDField()
    endpoint_id = peewee.UUIDField()
    event_time = TimeField()
    workspace_id = peewee.UUIDField()
    reason = EnumField("FILTERED", "FILTER_FAILED", "DISABLED")

    class Meta:
        table_name = "webhook_skip"
        primary_key = peewee.CompositeKey("event_id", "endpoint_id", "event_time")


class EndpointHour(Model):
    """What an endpoint's attempts of one hour came to; `latencies` counts them by bucket of total time."""

    endpoint = EndpointKeyField()
    hour = TimeField()
    workspace = WorkspaceKeyField()
    succeeded = peewee.BigIntegerField()
    failed = peewee.BigIntegerField()
    latencies = ArrayField(peewee.BigIntegerField, index=False)

    class Meta:
        table_name = "webhook_endpoint_hour"
        primary_key = peewee.CompositeKey("endpoint", "hour")


class Replay(Model):
    """Sending past events again; `through` is the last event that was looked at.

    `total` was counted when it was created, to no end: with `total_is_least` there may be more.
    """

    id = IdField()
    workspace = WorkspaceKeyField()
    endpoint = EndpointKeyField(null=True)
    selection = JsonField()
    configuration = EnumField("NOW", "THEN", default="NOW")
    rate_limit = peewee.IntegerField(null=True)
    state = EnumField("RUNNING", "SUCCEEDED", "CANCELLED", default="RUNNING")
    through = peewee.UUIDField(null=True)
    total = peewee.IntegerField(default=0)
    total_is_least = peewee.BooleanField(default=False)
    replayed = peewee.IntegerField(default=0)
    create_time = CreateTimeField()
    update_time = TimeField(default=clock.now)

    class Meta:
        table_name = "webhook_replay"


class Source(Model):
    """Where others send webhooks to; what they send becomes events. `settings` holds its secrets and is sealed."""

    id = IdField()
    workspace = WorkspaceKeyField()
    name = peewee.TextField()
    description = peewee.TextField(default="")
    kind = EnumField("STANDARD_WEBHOOKS", "GITHUB", "STRIPE", "SLACK", "SHOPIFY", "HMAC", "BASIC", "API_KEY")
    settings = peewee.BlobField(default=b"")
    token_hash = peewee.BlobField()
    event_type = peewee.TextField()
    state = EnumField("ACTIVE", "PAUSED", default="ACTIVE")
    labels = JsonField(default=dict)
    revision = peewee.IntegerField(default=1)
    create_time = CreateTimeField()
    update_time = TimeField(default=clock.now)
    delete_time = TimeField(null=True)

    class Meta:
        table_name = "webhook_source"


class Receipt(Model):
    """What a source was sent, as it came."""

    id = peewee.UUIDField()
    workspace_id = peewee.UUIDField()
    source_id = peewee.UUIDField()
    receive_time = TimeField()
    headers = JsonField()
    body = peewee.BlobField()
    outcome = EnumField("ACCEPTED", "DUPLICATE", "REFUSED")
    error = peewee.TextField(default="")
    event_id = peewee.UUIDField(null=True)

    class Meta:
        table_name = "webhook_receipt"
        primary_key = peewee.CompositeKey("id", "receive_time")


class PortalSession(Model):
    """A single-use link, and the session that it became."""

    id = IdField()
    workspace = WorkspaceKeyField()
    creator = peewee.TextField()
    permissions = ArrayField(peewee.TextField, index=False)
    code_hash = peewee.BlobField()
    code_expire_time = TimeField()
    token_hash = peewee.BlobField(null=True)
    expire_time = TimeField(null=True)
    revoke_time = TimeField(null=True)
    create_time = CreateTimeField()

    class Meta:
        table_name = "webhook_portal_session"
