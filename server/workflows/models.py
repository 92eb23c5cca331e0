"""The tables of workflows. All but that of the runners belong to a workspace and are closed to the others.

Fast tables (executions, steps, waits, logs) hold plain ids: their rows are written in batches, and a foreign key costs
a look-up for each.
"""

from typing import Any

import peewee
from playhouse.postgres_ext import ArrayField

from server.core.models import CreateTimeField, EnumField, IdField, JsonField, Model, TimeField
from server.workspaces.models import WorkspaceKeyField


class Workflow(Model):
    """A definition under a name. `version` is the number of the latest one.

    `paused_triggers` are ids of the definition: what is paused stays so when the workflow is activated anew.
    """

    id = IdField()
    workspace = WorkspaceKeyField()
    name = peewee.TextField()
    display_name = peewee.TextField()
    description = peewee.TextField()
    state = EnumField("DRAFT", "ACTIVE", "PAUSED", "ARCHIVED")
    version = peewee.IntegerField()
    labels = JsonField()
    paused_triggers = ArrayField(peewee.TextField, index=False, default=list)
    revision = peewee.IntegerField()
    create_time = CreateTimeField()
    update_time = TimeField()
    delete_time = TimeField(null=True)

    class Meta:
        table_name = "workflow"


class WorkflowKeyField(peewee.ForeignKeyField):
    """The workflow that a row belongs to; reading it gives the id and costs no query."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Workflow, index=False, lazy_load=False, **options)


class Version(Model):
    """A definition as it was saved; it never changes."""

    workflow = WorkflowKeyField()
    number = peewee.IntegerField()
    workspace = WorkspaceKeyField()
    definition = JsonField()
    creator = peewee.TextField()
    create_time = CreateTimeField()

    class Meta:
        table_name = "workflow_version"
        primary_key = peewee.CompositeKey("workflow", "number")


class Trigger(Model):
    """What starts an active workflow. `next_time` is when a schedule is due, None while it is paused."""

    workflow = WorkflowKeyField()
    key = peewee.TextField()
    workspace = WorkspaceKeyField()
    kind = EnumField("EVENT", "SCHEDULE", "WEBHOOK", "WORKFLOW")
    version = peewee.IntegerField()
    event_type = peewee.TextField(null=True)
    subject = peewee.TextField(null=True)
    definition = JsonField()
    paused = peewee.BooleanField()
    next_time = TimeField(null=True)
    last_time = TimeField(null=True)
    last_execution_id = peewee.UUIDField(null=True)

    class Meta:
        table_name = "workflow_trigger"
        primary_key = peewee.CompositeKey("workflow", "key")


class Slot(Model):
    """Held while an execution of a key starts or ends.

    `rate_time` is when its bucket is full again, `capacity` how many executions of it may go on at a time.
    """

    workflow = WorkflowKeyField()
    key = peewee.TextField()
    workspace = WorkspaceKeyField()
    rate_time = TimeField()
    capacity = peewee.IntegerField(null=True)

    class Meta:
        table_name = "workflow_slot"
        primary_key = peewee.CompositeKey("workflow", "key")


class StartKey(Model):
    """What a start's idempotency key led to."""

    workflow_id = peewee.UUIDField()
    key = peewee.TextField()
    workspace_id = peewee.UUIDField()
    execution_id = peewee.UUIDField()
    create_time = CreateTimeField()

    class Meta:
        table_name = "workflow_start_key"
        primary_key = peewee.CompositeKey("workflow_id", "key")


class Secret(Model):
    """A value that definitions name, sealed."""

    workspace = WorkspaceKeyField()
    name = peewee.TextField()
    value = peewee.BlobField()
    create_time = CreateTimeField()
    update_time = TimeField()

    class Meta:
        table_name = "workflow_secret"
        primary_key = peewee.CompositeKey("workspace", "name")


class CachedOutput(Model):
    """What a step with `cache_ttl` gave for the same inputs."""

    workspace_id = peewee.UUIDField()
    key = peewee.BlobField()
    output = JsonField()
    expire_time = TimeField()

    class Meta:
        table_name = "workflow_cache"
        primary_key = peewee.CompositeKey("workspace_id", "key")


class Day(Model):
    """What a workflow's executions of one day came to; `latencies` counts them by bucket of duration."""

    workflow = WorkflowKeyField()
    day = peewee.DateField()
    workspace = WorkspaceKeyField()
    succeeded = peewee.BigIntegerField()
    failed = peewee.BigIntegerField()
    cancelled = peewee.BigIntegerField()
    timed_out = peewee.BigIntegerField()
    latencies = ArrayField(peewee.BigIntegerField, index=False)

    class Meta:
        table_name = "workflow_day"
        primary_key = peewee.CompositeKey("workflow", "day")


class Runner(Model):
    """A process that runs executions, alive until `lease_time`."""

    id = IdField()
    lease_time = TimeField()

    class Meta:
        table_name = "workflow_runner"


class OpenExecution(Model):
    """An execution that is not finished. The runner that holds `claim` may go on with it, nobody else."""

    id = IdField()
    create_time = CreateTimeField()
    workspace_id = peewee.UUIDField()
    workflow_id = peewee.UUIDField()
    version = peewee.IntegerField()
    state = EnumField("QUEUED", "READY", "RUNNING", "WAITING", "PAUSED")
    priority = peewee.SmallIntegerField()
    trigger = EnumField("MANUAL", "EVENT", "SCHEDULE", "WEBHOOK", "WORKFLOW", "PARENT", "FORK")
    cause = JsonField()
    input = JsonField()
    labels = JsonField()
    concurrency_key = peewee.TextField(null=True)
    parent_id = peewee.UUIDField(null=True)
    parent_path = peewee.TextField(null=True)
    depth = peewee.SmallIntegerField()
    forked_from = peewee.UUIDField(null=True)
    generation = peewee.IntegerField()
    actor = peewee.TextField()
    trace_parent = peewee.TextField()
    ready_time = TimeField()
    due_time = TimeField()
    timeout_time = TimeField()
    start_time = TimeField(null=True)
    update_time = TimeField()
    runner_id = peewee.UUIDField(null=True)
    claim = peewee.UUIDField(null=True)
    poked = peewee.BooleanField()
    pause = peewee.BooleanField()
    cancel_time = TimeField(null=True)
    cancel_reason = peewee.TextField()
    revision = peewee.IntegerField()

    class Meta:
        table_name = "workflow_open_execution"


class Execution(Model):
    """An execution that is finished, partitioned by the day of its creation."""

    id = peewee.UUIDField()
    create_time = CreateTimeField()
    workspace_id = peewee.UUIDField()
    workflow_id = peewee.UUIDField()
    version = peewee.IntegerField()
    state = EnumField("SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT")
    priority = peewee.SmallIntegerField()
    trigger = EnumField("MANUAL", "EVENT", "SCHEDULE", "WEBHOOK", "WORKFLOW", "PARENT", "FORK")
    cause = JsonField()
    input = JsonField()
    labels = JsonField()
    concurrency_key = peewee.TextField(null=True)
    parent_id = peewee.UUIDField(null=True)
    parent_path = peewee.TextField(null=True)
    depth = peewee.SmallIntegerField()
    forked_from = peewee.UUIDField(null=True)
    generation = peewee.IntegerField()
    actor = peewee.TextField()
    trace_parent = peewee.TextField()
    start_time = TimeField(null=True)
    end_time = TimeField()
    output = JsonField(null=True)
    error = JsonField(null=True)
    cancel_reason = peewee.TextField()
    expire_time = TimeField(null=True)
    revision = peewee.IntegerField()

    class Meta:
        table_name = "workflow_execution"
        primary_key = peewee.CompositeKey("id", "create_time")


class Label(Model):
    """A label of an execution, by which it is found."""

    workspace_id = peewee.UUIDField()
    key = peewee.TextField()
    value = peewee.TextField()
    execution_id = peewee.UUIDField()
    execution_time = TimeField()

    class Meta:
        table_name = "workflow_label"
        primary_key = peewee.CompositeKey("workspace_id", "key", "value", "execution_id", "execution_time")


class Step(Model):
    """An attempt of a step, or a wait.

    `path` says where in the definition, `generation` in which retry of the whole execution.
    """

    execution_id = peewee.UUIDField()
    execution_time = TimeField()
    path = peewee.TextField()
    generation = peewee.IntegerField()
    attempt = peewee.IntegerField()
    workspace_id = peewee.UUIDField()
    type = peewee.TextField()
    status = EnumField("WAITING", "SUCCEEDED", "FAILED", "SKIPPED", "CANCELLED")
    output = JsonField(null=True)
    error = JsonField(null=True)
    due_time = TimeField(null=True)
    start_time = TimeField()
    end_time = TimeField(null=True)
    position = peewee.BigIntegerField()

    class Meta:
        table_name = "workflow_step"
        primary_key = peewee.CompositeKey("execution_id", "path", "generation", "attempt", "execution_time")


class Wait(Model):
    """What an open execution waits for from outside; `resolution` is what came."""

    execution_id = peewee.UUIDField()
    path = peewee.TextField()
    workspace_id = peewee.UUIDField()
    kind = EnumField("EVENT", "SIGNAL", "APPROVAL", "EXECUTION")
    name = peewee.TextField()
    match = peewee.TextField()
    variables = JsonField()
    resolution = JsonField(null=True)
    create_time = CreateTimeField()

    class Meta:
        table_name = "workflow_wait"
        primary_key = peewee.CompositeKey("execution_id", "path")


class Signal(Model):
    """A signal that came before its execution waited for it."""

    id = IdField()
    execution_id = peewee.UUIDField()
    workspace_id = peewee.UUIDField()
    name = peewee.TextField()
    payload = JsonField()
    create_time = CreateTimeField()

    class Meta:
        table_name = "workflow_signal"


class Approval(Model):
    """A decision that people are asked for."""

    id = IdField()
    workspace = WorkspaceKeyField()
    workflow_id = peewee.UUIDField()
    execution_id = peewee.UUIDField()
    path = peewee.TextField()
    title = peewee.TextField()
    description = peewee.TextField()
    form = JsonField()
    approvers = ArrayField(peewee.TextField, index=False)
    state = EnumField("PENDING", "APPROVED", "REJECTED", "EXPIRED", "CANCELLED")
    data = JsonField()
    comment = peewee.TextField()
    decider = peewee.TextField()
    deadline = TimeField(null=True)
    create_time = CreateTimeField()
    decide_time = TimeField(null=True)

    class Meta:
        table_name = "workflow_approval"


class LogEntry(Model):
    """A line that a step or the engine wrote; `path` is empty for what concerns the whole execution."""

    id = peewee.UUIDField()
    execution_id = peewee.UUIDField()
    execution_time = TimeField()
    workspace_id = peewee.UUIDField()
    path = peewee.TextField()
    attempt = peewee.IntegerField()
    level = EnumField("DEBUG", "INFO", "WARNING", "ERROR")
    message = peewee.TextField()
    fields = JsonField()
    create_time = CreateTimeField()

    class Meta:
        table_name = "workflow_log"
        primary_key = peewee.CompositeKey("execution_id", "id", "execution_time")
