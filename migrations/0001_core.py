"""Roles, tenancy functions, and the tables that belong to no room: events, jobs, idempotency keys."""

from typing import Any

from peewee import Database

# Roles belong to the whole cluster, so a second database finds them there. Members of a group role take on its
# policies too: the worker is bound by every tenant policy of the app, and gets its own beside them.
ROLES = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'userdata_app') THEN
        CREATE ROLE userdata_app NOLOGIN NOBYPASSRLS;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'userdata_worker') THEN
        CREATE ROLE userdata_worker NOLOGIN NOBYPASSRLS;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of the cluster was faster
END $$;
GRANT userdata_app TO userdata_worker;
GRANT userdata_app, userdata_worker TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO userdata_app;
"""

TENANCY = """
CREATE FUNCTION app_workspace() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.workspace_id', true), '')::uuid;
CREATE FUNCTION app_user() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.user_id', true), '')::uuid;
"""

EVENT = """
CREATE TABLE event (
    id uuid NOT NULL,
    workspace_id uuid,
    type text NOT NULL,
    subject text NOT NULL,
    data jsonb NOT NULL,
    actor text NOT NULL,
    request_id text NOT NULL,
    trace_parent text NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (create_time, id)
) PARTITION BY RANGE (create_time);

-- Rows land here only when nobody made the partition of their day in time.
CREATE TABLE event_default PARTITION OF event DEFAULT;

-- The worker keeps a week of partitions ahead without the right to any other DDL.
CREATE FUNCTION event_prepare_days(first date, last date) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    day date;
BEGIN
    FOR day IN SELECT generate_series(first, last, '1 day')::date LOOP
        CONTINUE WHEN to_regclass(format('event_%s', to_char(day, 'YYYYMMDD'))) IS NOT NULL;
        EXECUTE format('CREATE TABLE event_%s PARTITION OF event FOR VALUES FROM (%L) TO (%L)',
            to_char(day, 'YYYYMMDD'), day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION event_prepare_days FROM PUBLIC;
GRANT EXECUTE ON FUNCTION event_prepare_days TO userdata_worker;
SELECT event_prepare_days(CURRENT_DATE, CURRENT_DATE + 7);

ALTER TABLE event ENABLE ROW LEVEL SECURITY;
ALTER TABLE event FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON event TO userdata_app
    USING (workspace_id = app_workspace())
    WITH CHECK (workspace_id IS NULL OR workspace_id = app_workspace());
CREATE POLICY listener ON event FOR SELECT TO userdata_worker USING (true);
GRANT SELECT, INSERT ON event TO userdata_app;
"""

JOB = """
CREATE TABLE job (
    id uuid PRIMARY KEY,
    type text NOT NULL,
    payload bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('READY', 'SENT', 'RUNNING', 'DEAD')),
    attempts integer NOT NULL,
    run_time timestamptz NOT NULL,
    lease_time timestamptz,
    error text NOT NULL,
    trace_parent text NOT NULL,
    create_time timestamptz NOT NULL
);
CREATE INDEX job_ready ON job (run_time) WHERE state = 'READY';
CREATE INDEX job_leased ON job (lease_time) WHERE state IN ('SENT', 'RUNNING');
GRANT INSERT ON job TO userdata_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON job TO userdata_worker;
"""

IDEMPOTENCY_KEY = """
CREATE TABLE idempotency_key (
    principal text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    response bytea,
    expire_time timestamptz NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_key_expire ON idempotency_key (expire_time);
GRANT SELECT, INSERT, UPDATE ON idempotency_key TO userdata_app;
GRANT DELETE ON idempotency_key TO userdata_worker;
"""


def up(_migrator: Any, db: Database) -> None:
    """Make them."""
    # The driver's own cursor: Peewee's would take each % of a script for a parameter.
    db.cursor().execute(ROLES + TENANCY + EVENT + JOB + IDEMPOTENCY_KEY)


def down(_migrator: Any, db: Database) -> None:
    """Drop them; the roles stay, since other databases of the cluster may use them."""
    db.cursor().execute(
        """
        DROP TABLE idempotency_key;
        DROP TABLE job;
        DROP TABLE event;
        DROP FUNCTION event_prepare_days;
        DROP FUNCTION app_user;
        DROP FUNCTION app_workspace;
        REVOKE USAGE ON SCHEMA public FROM userdata_app;
        """
    )
