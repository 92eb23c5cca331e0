"""Webhooks: endpoints and their secrets, deliveries open and finished, attempts, replays, sources and portal links."""

from typing import Any

from peewee import Database

ENDPOINT = """
-- `headers` and `auth` may hold secrets and are sealed. `retry_delays` are the seconds before each attempt.
CREATE TABLE webhook_endpoint (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    url text NOT NULL,
    url_key text NOT NULL,
    description text NOT NULL,
    event_types text[] NOT NULL,
    filter text NOT NULL,
    channels text[] NOT NULL,
    headers bytea NOT NULL,
    signature text NOT NULL CHECK (signature IN ('HMAC_SHA256', 'ED25519')),
    retry_delays integer[] NOT NULL,
    timeout_seconds integer NOT NULL,
    rate_limit integer,
    ordering text NOT NULL CHECK (ordering IN ('NONE', 'PER_KEY')),
    format text NOT NULL CHECK (format IN ('PLAIN', 'CLOUDEVENTS')),
    transformation text NOT NULL,
    auth_kind text NOT NULL CHECK (auth_kind IN ('NONE', 'BASIC', 'BEARER', 'OAUTH2', 'MTLS')),
    auth bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('ACTIVE', 'PAUSED', 'DISABLED')),
    state_reason text NOT NULL,
    labels jsonb NOT NULL,
    verify_time timestamptz,
    revision integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    delete_time timestamptz
);
CREATE UNIQUE INDEX webhook_endpoint_url ON webhook_endpoint (workspace_id, url_key) WHERE delete_time IS NULL;
CREATE INDEX webhook_endpoint_in_order ON webhook_endpoint (workspace_id, id);

-- Each state that an endpoint ever had, and when: for replays as of then, and for telling why.
CREATE TABLE webhook_endpoint_version (
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoint (id),
    revision integer NOT NULL,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    url text NOT NULL,
    event_types text[] NOT NULL,
    filter text NOT NULL,
    channels text[] NOT NULL,
    headers bytea NOT NULL,
    signature text NOT NULL,
    timeout_seconds integer NOT NULL,
    format text NOT NULL,
    transformation text NOT NULL,
    auth_kind text NOT NULL,
    auth bytea NOT NULL,
    state text NOT NULL,
    create_time timestamptz NOT NULL,
    end_time timestamptz,
    PRIMARY KEY (endpoint_id, revision)
);
CREATE INDEX webhook_endpoint_version_then ON webhook_endpoint_version (workspace_id, create_time);

CREATE TABLE webhook_secret (
    id uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoint (id),
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    secret bytea NOT NULL,
    create_time timestamptz NOT NULL,
    expire_time timestamptz
);
CREATE INDEX webhook_secret_of_endpoint ON webhook_secret (endpoint_id, create_time);
CREATE INDEX webhook_secret_of_workspace ON webhook_secret (workspace_id);
CREATE INDEX webhook_secret_expiring ON webhook_secret (expire_time) WHERE expire_time IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON webhook_endpoint, webhook_endpoint_version, webhook_secret TO userdata_app;
GRANT DELETE ON webhook_secret TO userdata_app;
GRANT DELETE ON webhook_endpoint, webhook_endpoint_version TO userdata_worker;
"""

LANE = """
-- How an endpoint's deliveries go. `due_time` is when to look for what is due: never after the first open delivery that
-- may be claimed, infinity when there is none, and never before `blocked_time` (the breaker, a rate limit; infinity
-- while paused). Who makes a delivery due writes it last in the transaction: a claim that does not see the delivery yet
-- then comes before, and does not put off what it did not see.
CREATE TABLE webhook_lane (
    endpoint_id uuid PRIMARY KEY REFERENCES webhook_endpoint (id),
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    due_time timestamptz NOT NULL,
    blocked_time timestamptz NOT NULL,
    rate_time timestamptz NOT NULL,
    breaker text NOT NULL CHECK (breaker IN ('CLOSED', 'OPEN')),
    opened integer NOT NULL,
    window_time timestamptz NOT NULL,
    window_attempts integer NOT NULL,
    window_failures integer NOT NULL,
    failing_time timestamptz
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX webhook_lane_due ON webhook_lane (due_time) WHERE due_time < 'infinity';
CREATE INDEX webhook_lane_of_workspace ON webhook_lane (workspace_id);
GRANT SELECT, INSERT, UPDATE ON webhook_lane TO userdata_app;
GRANT DELETE ON webhook_lane TO userdata_worker;
"""

DELIVERY = """
-- Deliveries that are not finished: the queue. A claim gives a lease, after which what a dead worker held may be
-- claimed again; `claim` is the fence. It changes no indexed column, so that it is a HOT update, for which pages leave
-- room. What waits for an earlier delivery of its ordering key is due at infinity.
CREATE TABLE webhook_open_delivery (
    endpoint_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_time timestamptz NOT NULL,
    workspace_id uuid NOT NULL,
    type text NOT NULL,
    position bigint NOT NULL,
    ordering_key text,
    due_time timestamptz NOT NULL,
    claim uuid,
    lease_time timestamptz,
    state text NOT NULL CHECK (state IN ('PENDING', 'DELIVERING', 'RETRYING', 'HELD')),
    trigger text NOT NULL CHECK (trigger IN ('AUTOMATIC', 'MANUAL', 'REPLAY', 'TEST')),
    attempts integer NOT NULL,
    tries integer NOT NULL,
    revision integer,
    replay_id uuid,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (endpoint_id, event_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0);
CREATE INDEX webhook_open_delivery_due ON webhook_open_delivery (endpoint_id, due_time);
CREATE INDEX webhook_open_delivery_key ON webhook_open_delivery (endpoint_id, ordering_key, position)
    WHERE ordering_key IS NOT NULL;
CREATE INDEX webhook_open_delivery_of_workspace ON webhook_open_delivery (workspace_id, event_id);

-- Deliveries that are finished.
CREATE TABLE webhook_delivery (
    endpoint_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_time timestamptz NOT NULL,
    workspace_id uuid NOT NULL,
    type text NOT NULL,
    position bigint NOT NULL,
    ordering_key text,
    state text NOT NULL CHECK (state IN ('SUCCEEDED', 'FAILED', 'CANCELLED')),
    trigger text NOT NULL CHECK (trigger IN ('AUTOMATIC', 'MANUAL', 'REPLAY', 'TEST')),
    attempts integer NOT NULL,
    revision integer,
    replay_id uuid,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (endpoint_id, event_id, event_time)
) PARTITION BY RANGE (event_time);
CREATE TABLE webhook_delivery_default PARTITION OF webhook_delivery DEFAULT;
CREATE INDEX webhook_delivery_of_workspace ON webhook_delivery (workspace_id, event_id);
CREATE INDEX webhook_delivery_unsuccessful ON webhook_delivery (endpoint_id, event_id) WHERE state <> 'SUCCEEDED';
SELECT prepare_days('webhook_delivery', CURRENT_DATE, CURRENT_DATE + 7);

CREATE TABLE webhook_attempt (
    endpoint_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_time timestamptz NOT NULL,
    number integer NOT NULL,
    workspace_id uuid NOT NULL,
    trigger text NOT NULL CHECK (trigger IN ('AUTOMATIC', 'MANUAL', 'REPLAY', 'TEST')),
    start_time timestamptz NOT NULL,
    dns_ms real,
    connect_ms real,
    tls_ms real,
    first_byte_ms real,
    total_ms real NOT NULL,
    status integer,
    error text NOT NULL,
    response_headers jsonb NOT NULL,
    response_body bytea NOT NULL,
    address text NOT NULL,
    detail text NOT NULL,
    resent boolean NOT NULL,
    PRIMARY KEY (endpoint_id, event_id, number, event_time)
) PARTITION BY RANGE (event_time);
CREATE TABLE webhook_attempt_default PARTITION OF webhook_attempt DEFAULT;
SELECT prepare_days('webhook_attempt', CURRENT_DATE, CURRENT_DATE + 7);

-- Why an endpoint that subscribes to the type of an event did not get it. That a type is not subscribed to is read from
-- the endpoint's versions.
CREATE TABLE webhook_skip (
    event_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    event_time timestamptz NOT NULL,
    workspace_id uuid NOT NULL,
    reason text NOT NULL CHECK (reason IN ('FILTERED', 'FILTER_FAILED', 'DISABLED')),
    PRIMARY KEY (event_id, endpoint_id, event_time)
) PARTITION BY RANGE (event_time);
CREATE TABLE webhook_skip_default PARTITION OF webhook_skip DEFAULT;
CREATE INDEX webhook_skip_of_workspace ON webhook_skip (workspace_id);
SELECT prepare_days('webhook_skip', CURRENT_DATE, CURRENT_DATE + 7);

CREATE TABLE webhook_endpoint_hour (
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoint (id),
    hour timestamptz NOT NULL,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    succeeded bigint NOT NULL,
    failed bigint NOT NULL,
    latencies bigint[] NOT NULL,
    PRIMARY KEY (endpoint_id, hour)
);
CREATE INDEX webhook_endpoint_hour_of_workspace ON webhook_endpoint_hour (workspace_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_open_delivery TO userdata_app;
GRANT SELECT, INSERT, UPDATE ON webhook_delivery, webhook_endpoint_hour TO userdata_app;
GRANT DELETE ON webhook_delivery TO userdata_app;
GRANT SELECT, INSERT ON webhook_attempt, webhook_skip TO userdata_app;
GRANT DELETE ON webhook_endpoint_hour TO userdata_worker;
"""

REPLAY = """
CREATE TABLE webhook_replay (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    endpoint_id uuid REFERENCES webhook_endpoint (id),
    selection jsonb NOT NULL,
    configuration text NOT NULL CHECK (configuration IN ('NOW', 'THEN')),
    rate_limit integer,
    state text NOT NULL CHECK (state IN ('RUNNING', 'SUCCEEDED', 'CANCELLED')),
    through uuid,
    total integer NOT NULL,
    total_is_least boolean NOT NULL,
    replayed integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL
);
CREATE INDEX webhook_replay_in_order ON webhook_replay (workspace_id, id);
CREATE INDEX webhook_replay_running ON webhook_replay (workspace_id) WHERE state = 'RUNNING';
CREATE INDEX webhook_replay_of_endpoint ON webhook_replay (endpoint_id);
GRANT SELECT, INSERT, UPDATE ON webhook_replay TO userdata_app;
GRANT DELETE ON webhook_replay TO userdata_worker;
"""

SOURCE = """
CREATE TABLE webhook_source (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    name text NOT NULL,
    description text NOT NULL,
    kind text NOT NULL
        CHECK (kind IN ('STANDARD_WEBHOOKS', 'GITHUB', 'STRIPE', 'SLACK', 'SHOPIFY', 'HMAC', 'BASIC', 'API_KEY')),
    settings bytea NOT NULL,
    token_hash bytea NOT NULL,
    event_type text NOT NULL,
    state text NOT NULL CHECK (state IN ('ACTIVE', 'PAUSED')),
    labels jsonb NOT NULL,
    revision integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    delete_time timestamptz
);
CREATE UNIQUE INDEX webhook_source_token ON webhook_source (token_hash);
CREATE INDEX webhook_source_in_order ON webhook_source (workspace_id, id);

-- What a source was sent, as it came.
CREATE TABLE webhook_receipt (
    id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    source_id uuid NOT NULL,
    receive_time timestamptz NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('ACCEPTED', 'DUPLICATE', 'REFUSED')),
    error text NOT NULL,
    event_id uuid,
    PRIMARY KEY (id, receive_time)
) PARTITION BY RANGE (receive_time);
CREATE TABLE webhook_receipt_default PARTITION OF webhook_receipt DEFAULT;
CREATE INDEX webhook_receipt_in_order ON webhook_receipt (workspace_id, source_id, id);
SELECT prepare_days('webhook_receipt', CURRENT_DATE, CURRENT_DATE + 7);

GRANT SELECT, INSERT, UPDATE ON webhook_source TO userdata_app;
GRANT SELECT, INSERT ON webhook_receipt TO userdata_app;
GRANT DELETE ON webhook_source TO userdata_worker;
"""

PORTAL = """
-- A link is used once and becomes a session: `code_hash` is what the link carries, `token_hash` what the session does.
CREATE TABLE webhook_portal_session (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    creator text NOT NULL,
    permissions text[] NOT NULL,
    code_hash bytea NOT NULL,
    code_expire_time timestamptz NOT NULL,
    token_hash bytea,
    expire_time timestamptz,
    revoke_time timestamptz,
    create_time timestamptz NOT NULL
);
CREATE UNIQUE INDEX webhook_portal_session_code ON webhook_portal_session (code_hash);
CREATE UNIQUE INDEX webhook_portal_session_token ON webhook_portal_session (token_hash);
CREATE INDEX webhook_portal_session_in_order ON webhook_portal_session (workspace_id, id);
CREATE INDEX webhook_portal_session_expiring ON webhook_portal_session (code_expire_time);
GRANT SELECT, INSERT, UPDATE ON webhook_portal_session TO userdata_app;
GRANT DELETE ON webhook_portal_session TO userdata_worker;
"""

# What an operator and every fault test look at: it has no rows. `endpoint_id` is null where the event stands for all.
INVARIANT = """
CREATE VIEW webhook_undelivered WITH (security_invoker = true) AS
-- A committed event waits for the drain or is in the feed.
SELECT event.workspace_id, event.id AS event_id, event.create_time AS event_time, NULL::uuid AS endpoint_id,
    'NOT_DRAINED' AS problem
FROM event
WHERE event.workspace_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM event_pending WHERE event_pending.event_id = event.id)
    AND NOT EXISTS (SELECT FROM event_feed WHERE event_feed.event_id = event.id)
    -- One that is sent to one endpoint alone, to try it, has a delivery and no place in the feed.
    AND NOT EXISTS (SELECT FROM webhook_open_delivery open
        WHERE open.workspace_id = event.workspace_id AND open.event_id = event.id)
    AND NOT EXISTS (SELECT FROM webhook_delivery finished
        WHERE finished.workspace_id = event.workspace_id AND finished.event_id = event.id)
UNION ALL
-- An event has, for every endpoint that matched when it was drained, a delivery that is open or finished.
SELECT feed.workspace_id, feed.event_id, feed.event_time, NULL, 'DELIVERY_MISSING'
FROM event_feed feed
WHERE feed.matches > (
    SELECT count(DISTINCT endpoint_id) FROM (
        SELECT endpoint_id FROM webhook_open_delivery open
            WHERE open.workspace_id = feed.workspace_id AND open.event_id = feed.event_id
        UNION ALL
        SELECT endpoint_id FROM webhook_delivery finished
            WHERE finished.workspace_id = feed.workspace_id AND finished.event_id = feed.event_id
    ) made
)
UNION ALL
-- An open delivery is due at some time, or behind another one of its ordering key.
SELECT open.workspace_id, open.event_id, open.event_time, open.endpoint_id, 'NOT_DUE'
FROM webhook_open_delivery open
WHERE open.due_time = 'infinity' AND NOT EXISTS (
    SELECT FROM webhook_open_delivery head
    WHERE head.endpoint_id = open.endpoint_id AND head.ordering_key = open.ordering_key
        AND head.position < open.position
)
UNION ALL
-- Its lane is looked at now, or by the time at which it may be claimed, unless the lane is blocked. Clocks may differ.
SELECT open.workspace_id, open.event_id, open.event_time, open.endpoint_id, 'NOT_SCHEDULED'
FROM webhook_open_delivery open
LEFT JOIN webhook_lane lane ON lane.endpoint_id = open.endpoint_id
WHERE open.due_time < 'infinity' AND (lane.endpoint_id IS NULL
    OR lane.due_time > interval '2 seconds'
        + GREATEST(open.due_time, COALESCE(open.lease_time, open.due_time), lane.blocked_time, now()))
UNION ALL
-- It is not finished at the same time.
SELECT open.workspace_id, open.event_id, open.event_time, open.endpoint_id, 'FINISHED_AND_OPEN'
FROM webhook_open_delivery open
JOIN webhook_delivery finished ON finished.endpoint_id = open.endpoint_id AND finished.event_id = open.event_id
    AND finished.event_time = open.event_time
UNION ALL
-- As many attempts are recorded as it counts.
SELECT finished.workspace_id, finished.event_id, finished.event_time, finished.endpoint_id, 'ATTEMPTS_DIFFER'
FROM webhook_delivery finished
WHERE finished.attempts <> (
    SELECT count(*) FROM webhook_attempt attempt
    WHERE attempt.endpoint_id = finished.endpoint_id AND attempt.event_id = finished.event_id
        AND attempt.event_time = finished.event_time
);
GRANT SELECT ON webhook_undelivered TO userdata_worker;
"""

TABLES = (
    "webhook_endpoint",
    "webhook_endpoint_version",
    "webhook_secret",
    "webhook_lane",
    "webhook_open_delivery",
    "webhook_delivery",
    "webhook_attempt",
    "webhook_skip",
    "webhook_endpoint_hour",
    "webhook_replay",
    "webhook_source",
    "webhook_receipt",
    "webhook_portal_session",
)
#: What the worker has to see of every workspace at once.
LISTENED = (
    "webhook_endpoint",
    "webhook_endpoint_version",
    "webhook_secret",
    "webhook_lane",
    "webhook_open_delivery",
    "webhook_delivery",
    "webhook_attempt",
    "webhook_skip",
    "webhook_endpoint_hour",
    "webhook_portal_session",
)


def up(_migrator: Any, db: Database) -> None:
    """Make them."""
    db.cursor().execute(ENDPOINT + LANE + DELIVERY + REPLAY + SOURCE + PORTAL)
    for table in TABLES:
        db.cursor().execute(
            f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
            CREATE POLICY tenant ON {table} TO userdata_app USING (workspace_id = app_workspace());
            """
        )
    for table in LISTENED:
        db.cursor().execute(f"CREATE POLICY listener ON {table} TO userdata_worker USING (true)")
    db.cursor().execute(INVARIANT)
    # What is presented, a source's URL or a portal's code, is looked up before the workspace is known.
    db.cursor().execute(
        """
        CREATE POLICY presented ON webhook_source FOR SELECT TO userdata_app
            USING (encode(token_hash, 'hex') = ANY (app_key_hashes()));
        CREATE POLICY presented ON webhook_portal_session FOR SELECT TO userdata_app
            USING (encode(code_hash, 'hex') = ANY (app_key_hashes())
                OR encode(token_hash, 'hex') = ANY (app_key_hashes()));
        """
    )


def down(_migrator: Any, db: Database) -> None:
    """Drop them."""
    db.cursor().execute("DROP VIEW webhook_undelivered")
    for table in reversed(TABLES):
        db.cursor().execute(f"DROP TABLE {table}")
