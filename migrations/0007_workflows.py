"""Workflows: definitions and their versions, executions open and finished, their steps, waits, approvals and logs."""

from typing import Any

from peewee import Database

WORKFLOW = """
CREATE TABLE workflow (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    name text NOT NULL,
    display_name text NOT NULL,
    description text NOT NULL,
    state text NOT NULL CHECK (state IN ('DRAFT', 'ACTIVE', 'PAUSED', 'ARCHIVED')),
    version integer NOT NULL,
    labels jsonb NOT NULL,
    paused_triggers text[] NOT NULL DEFAULT '{}',
    revision integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    delete_time timestamptz
);
CREATE UNIQUE INDEX workflow_name ON workflow (workspace_id, name) WHERE delete_time IS NULL;
CREATE INDEX workflow_in_order ON workflow (workspace_id, id);

-- What a save made; never changed. An execution goes on with the version that it started with.
CREATE TABLE workflow_version (
    workflow_id uuid NOT NULL REFERENCES workflow (id),
    number integer NOT NULL,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    definition jsonb NOT NULL,
    creator text NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (workflow_id, number)
);
CREATE INDEX workflow_version_of_workspace ON workflow_version (workspace_id);

-- The triggers of the latest version of each workflow that is ACTIVE. `key` is the trigger's id in the definition.
-- `next_time` is when a schedule is due, null while it is paused.
CREATE TABLE workflow_trigger (
    workflow_id uuid NOT NULL REFERENCES workflow (id),
    key text NOT NULL,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    kind text NOT NULL CHECK (kind IN ('EVENT', 'SCHEDULE', 'WEBHOOK', 'WORKFLOW')),
    version integer NOT NULL,
    event_type text,
    subject text,
    definition jsonb NOT NULL,
    paused boolean NOT NULL,
    next_time timestamptz,
    last_time timestamptz,
    last_execution_id uuid,
    PRIMARY KEY (workflow_id, key)
);
CREATE INDEX workflow_trigger_event ON workflow_trigger (workspace_id, event_type) WHERE event_type IS NOT NULL;
CREATE INDEX workflow_trigger_of_workspace ON workflow_trigger (workspace_id);
CREATE INDEX workflow_trigger_due ON workflow_trigger (next_time) WHERE next_time IS NOT NULL;

-- Held while an execution of a key starts or ends. `rate_time` is when its bucket is full again (GCRA), `capacity` how
-- many executions of the key may go on at a time, as the latest start had it; null where there is no limit.
CREATE TABLE workflow_slot (
    workflow_id uuid NOT NULL REFERENCES workflow (id),
    key text NOT NULL,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    rate_time timestamptz NOT NULL,
    capacity integer,
    PRIMARY KEY (workflow_id, key)
);
CREATE INDEX workflow_slot_of_workspace ON workflow_slot (workspace_id);
CREATE INDEX workflow_slot_rate_time ON workflow_slot (rate_time);

-- What a start's idempotency key led to.
CREATE TABLE workflow_start_key (
    workflow_id uuid NOT NULL,
    key text NOT NULL,
    workspace_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (workflow_id, key)
);
CREATE INDEX workflow_start_key_time ON workflow_start_key (create_time);
CREATE INDEX workflow_start_key_of_workspace ON workflow_start_key (workspace_id);

-- Values that definitions name as `secrets.<name>`, sealed.
CREATE TABLE workflow_secret (
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    name text NOT NULL,
    value bytea NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, name)
);

-- What a step with `cache_ttl` gave for the same inputs.
CREATE TABLE workflow_cache (
    workspace_id uuid NOT NULL,
    key bytea NOT NULL,
    output jsonb NOT NULL,
    expire_time timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, key)
);
CREATE INDEX workflow_cache_expired ON workflow_cache (expire_time);

CREATE TABLE workflow_day (
    workflow_id uuid NOT NULL REFERENCES workflow (id),
    day date NOT NULL,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    succeeded bigint NOT NULL,
    failed bigint NOT NULL,
    cancelled bigint NOT NULL,
    timed_out bigint NOT NULL,
    latencies bigint[] NOT NULL,
    PRIMARY KEY (workflow_id, day)
);
CREATE INDEX workflow_day_of_workspace ON workflow_day (workspace_id);

GRANT SELECT, INSERT, UPDATE ON workflow, workflow_version, workflow_trigger, workflow_slot, workflow_start_key,
    workflow_secret, workflow_cache, workflow_day TO userdata_app;
GRANT DELETE ON workflow_trigger, workflow_start_key, workflow_secret, workflow_cache TO userdata_app;
GRANT DELETE ON workflow, workflow_version, workflow_slot, workflow_day TO userdata_worker;
"""

EXECUTION = """
-- A runner that is alive says so before `lease_time`. What a dead one held may be claimed again.
CREATE TABLE workflow_runner (
    id uuid PRIMARY KEY,
    lease_time timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON workflow_runner TO userdata_worker;

-- Executions that are not finished: the queue.
-- QUEUED waits for another execution of its concurrency key; READY may be claimed; RUNNING is claimed, `claim` is the
-- fence; WAITING waits until `due_time` (infinity: for something from outside); PAUSED was READY or WAITING.
-- `poked` says that something came from outside while it was RUNNING: an answer, a signal, a wish to cancel or pause.
CREATE TABLE workflow_open_execution (
    id uuid PRIMARY KEY,
    create_time timestamptz NOT NULL,
    workspace_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('QUEUED', 'READY', 'RUNNING', 'WAITING', 'PAUSED')),
    priority smallint NOT NULL CHECK (priority BETWEEN 1 AND 5),
    trigger text NOT NULL
        CHECK (trigger IN ('MANUAL', 'EVENT', 'SCHEDULE', 'WEBHOOK', 'WORKFLOW', 'PARENT', 'FORK')),
    cause jsonb NOT NULL,
    input jsonb NOT NULL,
    labels jsonb NOT NULL,
    concurrency_key text,
    parent_id uuid,
    parent_path text,
    depth smallint NOT NULL,
    forked_from uuid,
    generation integer NOT NULL,
    actor text NOT NULL,
    trace_parent text NOT NULL,
    ready_time timestamptz NOT NULL,
    due_time timestamptz NOT NULL,
    timeout_time timestamptz NOT NULL,
    start_time timestamptz,
    update_time timestamptz NOT NULL,
    runner_id uuid,
    claim uuid,
    poked boolean NOT NULL,
    pause boolean NOT NULL,
    cancel_time timestamptz,
    cancel_reason text NOT NULL,
    revision integer NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0);
CREATE INDEX workflow_open_execution_ready ON workflow_open_execution (workspace_id, priority, ready_time)
    WHERE state = 'READY';
CREATE INDEX workflow_open_execution_due ON workflow_open_execution (due_time)
    WHERE state = 'WAITING' AND due_time < 'infinity';
CREATE INDEX workflow_open_execution_runner ON workflow_open_execution (runner_id) WHERE runner_id IS NOT NULL;
CREATE INDEX workflow_open_execution_poked ON workflow_open_execution (runner_id) WHERE poked AND runner_id IS NOT NULL;
CREATE INDEX workflow_open_execution_slot ON workflow_open_execution (workflow_id, concurrency_key, id)
    WHERE concurrency_key IS NOT NULL AND state <> 'QUEUED';
CREATE INDEX workflow_open_execution_queue ON workflow_open_execution (workflow_id, concurrency_key, priority, id)
    WHERE state = 'QUEUED';
CREATE INDEX workflow_open_execution_in_order ON workflow_open_execution (workspace_id, id);
CREATE INDEX workflow_open_execution_of_workflow ON workflow_open_execution (workflow_id, id);
CREATE INDEX workflow_open_execution_parent ON workflow_open_execution (parent_id) WHERE parent_id IS NOT NULL;

-- Executions that are finished. A retry takes one back.
CREATE TABLE workflow_execution (
    id uuid NOT NULL,
    create_time timestamptz NOT NULL,
    workspace_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT')),
    priority smallint NOT NULL,
    trigger text NOT NULL
        CHECK (trigger IN ('MANUAL', 'EVENT', 'SCHEDULE', 'WEBHOOK', 'WORKFLOW', 'PARENT', 'FORK')),
    cause jsonb NOT NULL,
    input jsonb NOT NULL,
    labels jsonb NOT NULL,
    concurrency_key text,
    parent_id uuid,
    parent_path text,
    depth smallint NOT NULL,
    forked_from uuid,
    generation integer NOT NULL,
    actor text NOT NULL,
    trace_parent text NOT NULL,
    start_time timestamptz,
    end_time timestamptz NOT NULL,
    output jsonb,
    error jsonb,
    cancel_reason text NOT NULL,
    expire_time timestamptz,
    revision integer NOT NULL,
    PRIMARY KEY (id, create_time)
) PARTITION BY RANGE (create_time);
CREATE TABLE workflow_execution_default PARTITION OF workflow_execution DEFAULT;
CREATE INDEX workflow_execution_in_order ON workflow_execution (workspace_id, id);
CREATE INDEX workflow_execution_of_workflow ON workflow_execution (workflow_id, id);
CREATE INDEX workflow_execution_unsuccessful ON workflow_execution (workspace_id, id) WHERE state <> 'SUCCEEDED';
CREATE INDEX workflow_execution_expired ON workflow_execution (expire_time) WHERE expire_time IS NOT NULL;
SELECT prepare_days('workflow_execution', CURRENT_DATE, CURRENT_DATE + 7);

-- The labels of executions once more, by which they are found, open or finished.
CREATE TABLE workflow_label (
    workspace_id uuid NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    execution_id uuid NOT NULL,
    execution_time timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, key, value, execution_id, execution_time)
) PARTITION BY RANGE (execution_time);
CREATE TABLE workflow_label_default PARTITION OF workflow_label DEFAULT;
SELECT prepare_days('workflow_label', CURRENT_DATE, CURRENT_DATE + 7);

-- One row for each attempt of a step, and each wait. `execution_time` is the execution's create_time: an execution and
-- all that belongs to it are dropped together. `generation` counts retries of the whole execution.
-- `position` tells the order of those that began at the same moment.
CREATE SEQUENCE workflow_step_position;
GRANT USAGE ON SEQUENCE workflow_step_position TO userdata_app;
CREATE TABLE workflow_step (
    execution_id uuid NOT NULL,
    execution_time timestamptz NOT NULL,
    path text NOT NULL,
    generation integer NOT NULL,
    attempt integer NOT NULL,
    workspace_id uuid NOT NULL,
    type text NOT NULL,
    status text NOT NULL CHECK (status IN ('WAITING', 'SUCCEEDED', 'FAILED', 'SKIPPED', 'CANCELLED')),
    output jsonb,
    error jsonb,
    due_time timestamptz,
    start_time timestamptz NOT NULL,
    end_time timestamptz,
    position bigint NOT NULL DEFAULT nextval('workflow_step_position'),
    PRIMARY KEY (execution_id, path, generation, attempt, execution_time)
) PARTITION BY RANGE (execution_time);
CREATE TABLE workflow_step_default PARTITION OF workflow_step DEFAULT;
SELECT prepare_days('workflow_step', CURRENT_DATE, CURRENT_DATE + 7);

-- What an open execution waits for from outside. `resolution` is what came; the runner then ends the step with it.
CREATE TABLE workflow_wait (
    execution_id uuid NOT NULL,
    path text NOT NULL,
    workspace_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('EVENT', 'SIGNAL', 'APPROVAL', 'EXECUTION')),
    name text NOT NULL,
    match text NOT NULL,
    variables jsonb NOT NULL,
    resolution jsonb,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (execution_id, path)
);
CREATE INDEX workflow_wait_event ON workflow_wait (workspace_id, name) WHERE kind = 'EVENT' AND resolution IS NULL;

-- Signals that came before the execution waited for them.
CREATE TABLE workflow_signal (
    id uuid PRIMARY KEY,
    execution_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    name text NOT NULL,
    payload jsonb NOT NULL,
    create_time timestamptz NOT NULL
);
CREATE INDEX workflow_signal_of_execution ON workflow_signal (execution_id, name, id);
CREATE INDEX workflow_signal_of_workspace ON workflow_signal (workspace_id);

CREATE TABLE workflow_approval (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    workflow_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    path text NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    form jsonb NOT NULL,
    approvers text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('PENDING', 'APPROVED', 'REJECTED', 'EXPIRED', 'CANCELLED')),
    data jsonb NOT NULL,
    comment text NOT NULL,
    decider text NOT NULL,
    deadline timestamptz,
    create_time timestamptz NOT NULL,
    decide_time timestamptz
);
CREATE INDEX workflow_approval_in_order ON workflow_approval (workspace_id, id);
CREATE INDEX workflow_approval_pending ON workflow_approval (workspace_id, id) WHERE state = 'PENDING';
CREATE INDEX workflow_approval_of_execution ON workflow_approval (execution_id);

-- What steps and the engine say about an execution. `path` is empty for what concerns all of it.
CREATE TABLE workflow_log (
    id uuid NOT NULL,
    execution_id uuid NOT NULL,
    execution_time timestamptz NOT NULL,
    workspace_id uuid NOT NULL,
    path text NOT NULL,
    attempt integer NOT NULL,
    level text NOT NULL CHECK (level IN ('DEBUG', 'INFO', 'WARNING', 'ERROR')),
    message text NOT NULL,
    fields jsonb NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (execution_id, id, execution_time)
) PARTITION BY RANGE (execution_time);
CREATE TABLE workflow_log_default PARTITION OF workflow_log DEFAULT;
SELECT prepare_days('workflow_log', CURRENT_DATE, CURRENT_DATE + 7);

GRANT SELECT, INSERT, UPDATE, DELETE ON workflow_open_execution, workflow_execution, workflow_step, workflow_wait,
    workflow_signal TO userdata_app;
GRANT SELECT, INSERT, UPDATE ON workflow_approval TO userdata_app;
GRANT SELECT, INSERT ON workflow_label, workflow_log TO userdata_app;
GRANT DELETE ON workflow_approval, workflow_label, workflow_log TO userdata_worker;
"""

STUCK = """
-- The invariant: an execution goes on, or waits for something that may still come, or rests because somebody wished
-- it; every other row says here what is wrong with it. Runs of the tests end with none.
CREATE VIEW workflow_stuck WITH (security_invoker = true) AS
SELECT id AS execution_id, workspace_id, 'RUNNING_WITHOUT_RUNNER' AS problem FROM workflow_open_execution open
WHERE state = 'RUNNING' AND open.update_time < now() - interval '15 seconds' AND NOT EXISTS (
    SELECT FROM workflow_runner runner
    WHERE runner.id = open.runner_id AND runner.lease_time > now() - interval '15 seconds'
)
UNION ALL
SELECT id, workspace_id, 'CLAIM_WITHOUT_RUNNING' FROM workflow_open_execution
WHERE (state = 'RUNNING') <> (claim IS NOT NULL) OR (claim IS NULL) <> (runner_id IS NULL)
UNION ALL
SELECT id, workspace_id, 'NOBODY_TAKES_IT' FROM workflow_open_execution
WHERE state = 'READY' AND ready_time < now() - interval '5 minutes'
UNION ALL
SELECT id, workspace_id, 'OVERDUE' FROM workflow_open_execution
WHERE state = 'WAITING' AND due_time < now() - interval '1 minute'
UNION ALL
SELECT id, workspace_id, 'WAITING_FOR_NOTHING' FROM workflow_open_execution open
WHERE state = 'WAITING' AND start_time IS NOT NULL AND NOT EXISTS (
    SELECT FROM workflow_wait wait WHERE wait.execution_id = open.id
) AND NOT EXISTS (
    SELECT FROM workflow_step step
    WHERE step.execution_id = open.id AND step.execution_time = open.create_time AND step.due_time >= open.due_time
)
UNION ALL
SELECT open.id, open.workspace_id, 'ANSWER_UNHEARD' FROM workflow_open_execution open
JOIN workflow_wait wait ON wait.execution_id = open.id
WHERE open.state = 'WAITING' AND wait.resolution IS NOT NULL
UNION ALL
SELECT id, workspace_id, 'WISH_UNHEARD' FROM workflow_open_execution
WHERE state IN ('QUEUED', 'WAITING', 'PAUSED') AND cancel_time IS NOT NULL OR state = 'WAITING' AND pause
UNION ALL
SELECT open.id, open.workspace_id, 'CHILD_GONE' FROM workflow_open_execution open
JOIN workflow_wait wait ON wait.execution_id = open.id
WHERE wait.kind = 'EXECUTION' AND wait.resolution IS NULL AND NOT EXISTS (
    SELECT FROM workflow_open_execution child WHERE child.parent_id = open.id AND child.parent_path = wait.path
)
UNION ALL
SELECT first.id, first.workspace_id, 'QUEUED_ALTHOUGH_THERE_IS_ROOM' FROM workflow_slot slot
CROSS JOIN LATERAL (
    SELECT id, workspace_id FROM workflow_open_execution open
    WHERE open.workflow_id = slot.workflow_id AND open.concurrency_key = slot.key AND open.state = 'QUEUED'
    ORDER BY open.priority, open.id LIMIT 1
) first
WHERE slot.capacity > (
    SELECT count(*) FROM workflow_open_execution open
    WHERE open.workflow_id = slot.workflow_id AND open.concurrency_key = slot.key AND open.state <> 'QUEUED'
)
UNION ALL
SELECT execution_id, workspace_id, 'WAIT_WITHOUT_EXECUTION' FROM workflow_wait wait
WHERE NOT EXISTS (SELECT FROM workflow_open_execution open WHERE open.id = wait.execution_id)
UNION ALL
SELECT execution_id, workspace_id, 'SIGNAL_WITHOUT_EXECUTION' FROM workflow_signal kept
WHERE NOT EXISTS (SELECT FROM workflow_open_execution open WHERE open.id = kept.execution_id)
UNION ALL
SELECT execution_id, workspace_id, 'APPROVAL_WITHOUT_WAIT' FROM workflow_approval approval
WHERE state = 'PENDING' AND NOT EXISTS (
    SELECT FROM workflow_wait wait WHERE wait.execution_id = approval.execution_id AND wait.path = approval.path
);
GRANT SELECT ON workflow_stuck TO userdata_worker;
"""

TABLES = (
    "workflow",
    "workflow_version",
    "workflow_trigger",
    "workflow_slot",
    "workflow_start_key",
    "workflow_secret",
    "workflow_cache",
    "workflow_day",
    "workflow_open_execution",
    "workflow_execution",
    "workflow_label",
    "workflow_step",
    "workflow_wait",
    "workflow_signal",
    "workflow_approval",
    "workflow_log",
)


def up(_migrator: Any, db: Database) -> None:
    """Make them. The runner works for every workspace at once."""
    db.cursor().execute(WORKFLOW + EXECUTION)
    for table in TABLES:
        db.cursor().execute(
            f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
            CREATE POLICY tenant ON {table} TO userdata_app USING (workspace_id = app_workspace());
            CREATE POLICY runner ON {table} TO userdata_worker USING (true);
            """
        )
    # Expressions may name the workspace, and nothing is started in one that is deleted.
    db.cursor().execute("CREATE POLICY runner ON workspace FOR SELECT TO userdata_worker USING (true)")
    db.cursor().execute(STUCK)


def down(_migrator: Any, db: Database) -> None:
    """Drop them."""
    db.cursor().execute("DROP VIEW workflow_stuck; DROP POLICY runner ON workspace")
    for table in (*reversed(TABLES), "workflow_runner"):
        db.cursor().execute(f"DROP TABLE {table}")
    db.cursor().execute("DROP SEQUENCE workflow_step_position")
