-- The peer's own database, with the indexes and the row-level security that the product has on the same tables.
CREATE TABLE "user" (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    display_name text NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ON "user" (lower(email));

CREATE TABLE session (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES "user",
    expire_time timestamptz NOT NULL,
    revoke_time timestamptz
);
CREATE INDEX ON session (user_id);

CREATE TABLE workspace (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    slug text NOT NULL,
    owner_id uuid NOT NULL REFERENCES "user",
    plan text NOT NULL CHECK (plan IN ('free', 'team', 'enterprise')),
    settings jsonb NOT NULL,
    labels jsonb NOT NULL,
    version integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    delete_time timestamptz,
    purge_time timestamptz
);
CREATE UNIQUE INDEX ON workspace (slug) WHERE delete_time IS NULL;
CREATE INDEX ON workspace (owner_id);
CREATE INDEX ON workspace (purge_time) WHERE purge_time IS NOT NULL;

CREATE TABLE member (
    workspace_id uuid NOT NULL REFERENCES workspace,
    user_id uuid NOT NULL REFERENCES "user",
    role text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER', 'VIEWER')),
    permissions text[] NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX ON member (user_id);

CREATE TABLE event (
    id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    data jsonb NOT NULL,
    actor text NOT NULL,
    request_id text NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (create_time, id)
) PARTITION BY RANGE (create_time);
CREATE INDEX ON event (workspace_id, create_time);
CREATE TABLE event_rest PARTITION OF event DEFAULT;

CREATE TABLE idempotency_key (
    user_id uuid NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    response bytea NOT NULL,
    expire_time timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX ON idempotency_key (expire_time);

ALTER TABLE workspace ENABLE ROW LEVEL SECURITY;
ALTER TABLE workspace FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON workspace USING (id = nullif(current_setting('app.workspace_id', true), '')::uuid);
ALTER TABLE member ENABLE ROW LEVEL SECURITY;
ALTER TABLE member FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON member USING (workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid);
ALTER TABLE event ENABLE ROW LEVEL SECURITY;
ALTER TABLE event FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON event USING (workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid);

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO bench_peer_app;
