-- The peer's own database: the columns, indexes and row-level security that the product has on the same tables.
CREATE TABLE user_account (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    display_name text NOT NULL
);

CREATE TABLE session (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES user_account,
    expire_time timestamptz NOT NULL,
    revoke_time timestamptz
);
CREATE INDEX ON session (user_id);

CREATE TABLE workspace (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    slug text NOT NULL,
    owner_id uuid NOT NULL REFERENCES user_account,
    plan text NOT NULL,
    settings jsonb NOT NULL,
    labels jsonb NOT NULL,
    revision integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    delete_time timestamptz,
    purge_time timestamptz,
    CHECK ((delete_time IS NULL) = (purge_time IS NULL))
);
CREATE UNIQUE INDEX ON workspace (slug) WHERE delete_time IS NULL;
CREATE INDEX ON workspace (purge_time) WHERE purge_time IS NOT NULL;

CREATE TABLE member (
    workspace_id uuid NOT NULL REFERENCES workspace,
    user_id uuid NOT NULL REFERENCES user_account,
    role text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER', 'VIEWER')),
    extra_permissions text[] NOT NULL,
    revision integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX ON member (user_id, workspace_id) INCLUDE (role);
CREATE INDEX ON member (workspace_id, create_time, user_id);
CREATE INDEX ON member (workspace_id, role, create_time, user_id);

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
CREATE TABLE event_default PARTITION OF event DEFAULT;
DO $$
BEGIN
    FOR day IN 0..7 LOOP
        EXECUTE format('CREATE TABLE event_%s PARTITION OF event FOR VALUES FROM (%L) TO (%L)', day,
            (CURRENT_DATE + day)::timestamp AT TIME ZONE 'UTC', (CURRENT_DATE + day + 1)::timestamp AT TIME ZONE 'UTC');
    END LOOP;
END $$;

CREATE TABLE idempotency_key (
    user_id uuid NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    response bytea NOT NULL,
    expire_time timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX ON idempotency_key (expire_time);

CREATE FUNCTION app_workspace() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.workspace_id', true), '')::uuid;
CREATE FUNCTION app_user() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.user_id', true), '')::uuid;

CREATE FUNCTION app_takes_part(workspace uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM member WHERE member.workspace_id = workspace AND member.user_id = app_user());
END $$;

ALTER TABLE workspace ENABLE ROW LEVEL SECURITY;
ALTER TABLE workspace FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON workspace USING (id = app_workspace());
CREATE POLICY mine ON workspace FOR SELECT USING (app_takes_part(id));
ALTER TABLE member ENABLE ROW LEVEL SECURITY;
ALTER TABLE member FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON member USING (workspace_id = app_workspace());
CREATE POLICY mine ON member FOR SELECT USING (user_id = app_user());
ALTER TABLE event ENABLE ROW LEVEL SECURITY;
ALTER TABLE event FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON event USING (workspace_id = app_workspace());

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO bench_peer_app;
