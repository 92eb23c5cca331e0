"""Events: what publishing needs beside the log itself, the feed that readers follow, and the catalogue."""

from typing import Any

from peewee import Database

# Partitions are made and dropped by functions, so that the worker needs no right to any other DDL.
DAYS = """
DROP FUNCTION event_prepare_days;

CREATE FUNCTION prepare_days(parent text, first date, last date) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    day date;
    name text;
BEGIN
    FOR day IN SELECT generate_series(first, last, '1 day')::date LOOP
        name := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
        CONTINUE WHEN to_regclass(quote_ident(name)) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
            name, parent, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    END LOOP;
END $$;

-- Gives how many were dropped. What came into the default partition, because its day had none, is deleted.
CREATE FUNCTION drop_days(parent text, before date) RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    name text;
    dropped integer := 0;
BEGIN
    FOR name IN
        SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
        WHERE inhparent = to_regclass(quote_ident(parent)) AND child.relname ~ (parent || '_[0-9]{8}$')
            AND right(child.relname, 8) < to_char(before, 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE %I', name);
        dropped := dropped + 1;
    END LOOP;
    SELECT attname INTO STRICT name FROM pg_partitioned_table JOIN pg_attribute ON attrelid = partrelid
    WHERE partrelid = to_regclass(quote_ident(parent)) AND attnum = partattrs[0];
    EXECUTE format('DELETE FROM %I WHERE %I < %L', parent || '_default', name, before::timestamp AT TIME ZONE 'UTC');
    RETURN dropped;
END $$;

REVOKE EXECUTE ON FUNCTION prepare_days, drop_days FROM PUBLIC;
GRANT EXECUTE ON FUNCTION prepare_days, drop_days TO userdata_worker;
"""

EVENT = """
ALTER TABLE event
    ADD COLUMN channels text[] NOT NULL DEFAULT '{}',
    ADD COLUMN ordering_key text,
    ADD COLUMN sequence bigint,
    ADD COLUMN dedupe_key text;
CREATE INDEX event_in_order ON event (workspace_id, id);
CREATE INDEX event_by_type ON event (workspace_id, type, id);
CREATE INDEX event_by_subject ON event (workspace_id, subject, id);

-- The last number given within a key. Its row is locked until the publishing transaction ends, so there are no gaps.
CREATE TABLE event_sequence (
    workspace_id uuid NOT NULL,
    ordering_key text NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (workspace_id, ordering_key)
);

-- A partitioned table cannot have a unique key without the time, so the keys have a table of their own.
CREATE TABLE event_dedupe (
    workspace_id uuid NOT NULL,
    dedupe_key text NOT NULL,
    event_id uuid NOT NULL,
    event_time timestamptz NOT NULL,
    fingerprint bytea NOT NULL,
    PRIMARY KEY (workspace_id, dedupe_key)
);
CREATE INDEX event_dedupe_time ON event_dedupe (event_time);

-- Committed events that no drain has taken yet. The number is given after the lock on the ordering key is held, so
-- that within a key it grows as the sequence does; ids are made before.
CREATE TABLE event_pending (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL,
    event_time timestamptz NOT NULL,
    workspace_id uuid NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

GRANT SELECT, INSERT, UPDATE ON event_sequence, event_dedupe TO userdata_app;
GRANT DELETE ON event_sequence, event_dedupe TO userdata_worker;
GRANT INSERT ON event_pending TO userdata_app;
GRANT SELECT, UPDATE, DELETE ON event_pending TO userdata_worker;
"""

FEED = """
-- The events of all workspaces in the order in which they were drained: what a cursor points into. One drain at a time
-- gives positions, so that they appear in order and without gaps.
CREATE TABLE event_feed (
    feed_time timestamptz NOT NULL,
    position bigint NOT NULL,
    workspace_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_time timestamptz NOT NULL,
    type text NOT NULL,
    matches integer NOT NULL,
    PRIMARY KEY (position, feed_time)
) PARTITION BY RANGE (feed_time);
CREATE TABLE event_feed_default PARTITION OF event_feed DEFAULT;
CREATE INDEX event_feed_in_order ON event_feed (workspace_id, position);
CREATE INDEX event_feed_of_event ON event_feed (event_id);
SELECT prepare_days('event_feed', CURRENT_DATE, CURRENT_DATE + 7);

-- One row. Who holds it is the drain.
CREATE TABLE event_drain (
    id boolean PRIMARY KEY CHECK (id),
    position bigint NOT NULL
);
INSERT INTO event_drain VALUES (true, 0);

GRANT SELECT ON event_feed TO userdata_app;
GRANT INSERT, UPDATE ON event_feed TO userdata_worker;
GRANT SELECT, UPDATE ON event_drain TO userdata_worker;
"""

CATALOGUE = """
CREATE TABLE event_type (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    name text COLLATE "C" NOT NULL,
    description text NOT NULL,
    version integer NOT NULL,
    labels jsonb NOT NULL,
    revision integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    archive_time timestamptz
);
CREATE UNIQUE INDEX event_type_name ON event_type (workspace_id, name);

-- Versions are never changed: what an event was checked against can always be looked up.
CREATE TABLE event_type_version (
    event_type_id uuid NOT NULL REFERENCES event_type (id),
    version integer NOT NULL,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    schema jsonb NOT NULL,
    examples jsonb NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (event_type_id, version)
);
CREATE INDEX event_type_version_of_workspace ON event_type_version (workspace_id, event_type_id);
GRANT SELECT, INSERT, UPDATE ON event_type, event_type_version TO userdata_app;
GRANT DELETE ON event_type, event_type_version TO userdata_worker;
"""

FORMER_DAYS = """
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
"""

TABLES = ("event_sequence", "event_dedupe", "event_pending", "event_feed", "event_type", "event_type_version")
#: What the worker has to see of every workspace at once.
LISTENED = ("event_pending", "event_feed", "event_dedupe")


def up(_migrator: Any, db: Database) -> None:
    """Make them."""
    db.cursor().execute(DAYS + EVENT + FEED + CATALOGUE)
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


def down(_migrator: Any, db: Database) -> None:
    """Drop them, and make the partitions of the log by their old function again."""
    db.cursor().execute(
        """
        DROP TABLE event_type_version, event_type, event_drain, event_feed, event_pending, event_dedupe, event_sequence;
        DROP INDEX event_by_subject, event_by_type, event_in_order;
        ALTER TABLE event DROP COLUMN dedupe_key, DROP COLUMN sequence, DROP COLUMN ordering_key, DROP COLUMN channels;
        DROP FUNCTION drop_days, prepare_days;
        """
    )
    db.cursor().execute(FORMER_DAYS)
