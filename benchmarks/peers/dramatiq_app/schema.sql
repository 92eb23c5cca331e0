CREATE TABLE IF NOT EXISTS endpoint (
    id integer PRIMARY KEY,
    url text NOT NULL,
    secret bytea NOT NULL
);

CREATE TABLE IF NOT EXISTS webhook_event (
    id uuid PRIMARY KEY,
    type text NOT NULL,
    data jsonb NOT NULL,
    create_time timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    endpoint_id integer NOT NULL REFERENCES endpoint,
    event_id uuid NOT NULL REFERENCES webhook_event,
    state text NOT NULL CHECK (state IN ('PENDING', 'SUCCEEDED', 'RETRYING')),
    attempts integer NOT NULL,
    status integer,
    error text NOT NULL,
    response text NOT NULL,
    duration_ms real,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    UNIQUE (endpoint_id, event_id)
);
CREATE INDEX IF NOT EXISTS delivery_open ON delivery (create_time) WHERE state <> 'SUCCEEDED';
