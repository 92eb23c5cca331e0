"""Workspaces: the workspaces themselves, members, invitations, offers of ownership and workspace API keys."""

from typing import Any

from peewee import Database

# The settings ride in front of the statement that looks a presented API key up; see server/core/tenancy.py.
KEY_HASHES = """
CREATE FUNCTION app_key_hashes() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN string_to_array(current_setting('app.key_hashes', true), ',');
"""

WORKSPACE = """
CREATE TABLE workspace (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    slug text NOT NULL,
    owner_id uuid NOT NULL REFERENCES user_account (id),
    plan text NOT NULL,
    settings jsonb NOT NULL,
    labels jsonb NOT NULL,
    revision integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    delete_time timestamptz,
    purge_time timestamptz,
    CONSTRAINT workspace_purge CHECK ((delete_time IS NULL) = (purge_time IS NULL))
);
CREATE UNIQUE INDEX workspace_slug ON workspace (slug) WHERE delete_time IS NULL;
CREATE INDEX workspace_due ON workspace (purge_time) WHERE purge_time IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON workspace TO userdata_app;
GRANT DELETE ON workspace TO userdata_worker;
"""

MEMBER = """
CREATE TABLE member (
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    user_id uuid NOT NULL REFERENCES user_account (id),
    role text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER', 'VIEWER')),
    extra_permissions text[] NOT NULL,
    revision integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX member_of_user ON member (user_id, workspace_id) INCLUDE (role);
CREATE INDEX member_in_order ON member (workspace_id, create_time, user_id);
CREATE INDEX member_by_role ON member (workspace_id, role, create_time, user_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON member TO userdata_app;
"""

# An invitation or offer that is past its expiry stays PENDING until something has to be written in its place.
INVITATION = """
CREATE TABLE invitation (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    email text NOT NULL,
    email_key text NOT NULL,
    role text NOT NULL CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER', 'VIEWER')),
    state text NOT NULL CHECK (state IN ('PENDING', 'ACCEPTED', 'DECLINED', 'REVOKED', 'EXPIRED')),
    inviter_id uuid REFERENCES user_account (id),
    version integer NOT NULL,
    send_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    revision integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL
);
CREATE UNIQUE INDEX invitation_pending ON invitation (workspace_id, email_key) WHERE state = 'PENDING';
CREATE INDEX invitation_in_order ON invitation (workspace_id, id);
CREATE INDEX invitation_by_state ON invitation (workspace_id, state, id);
GRANT SELECT, INSERT, UPDATE ON invitation TO userdata_app;
GRANT DELETE ON invitation TO userdata_worker;
"""

OWNERSHIP_TRANSFER = """
CREATE TABLE ownership_transfer (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    user_id uuid NOT NULL REFERENCES user_account (id),
    offerer_id uuid NOT NULL REFERENCES user_account (id),
    state text NOT NULL CHECK (state IN ('PENDING', 'ACCEPTED', 'DECLINED', 'CANCELLED', 'EXPIRED')),
    expire_time timestamptz NOT NULL,
    revision integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL
);
CREATE UNIQUE INDEX ownership_transfer_pending ON ownership_transfer (workspace_id) WHERE state = 'PENDING';
CREATE INDEX ownership_transfer_in_order ON ownership_transfer (workspace_id, id);
GRANT SELECT, INSERT, UPDATE ON ownership_transfer TO userdata_app;
GRANT DELETE ON ownership_transfer TO userdata_worker;
"""

WORKSPACE_API_KEY = """
CREATE TABLE workspace_api_key (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    owner_id uuid NOT NULL REFERENCES user_account (id),
    name text NOT NULL,
    scopes text[] NOT NULL,
    hint text NOT NULL,
    key_hash bytea NOT NULL,
    expire_time timestamptz,
    last_used_time timestamptz,
    revision integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    revoke_time timestamptz,
    CONSTRAINT workspace_api_key_hash UNIQUE (key_hash)
);
CREATE INDEX workspace_api_key_in_order ON workspace_api_key (workspace_id, id);
CREATE INDEX workspace_api_key_active ON workspace_api_key (workspace_id, id) WHERE revoke_time IS NULL;
GRANT SELECT, INSERT, UPDATE ON workspace_api_key TO userdata_app;
GRANT DELETE ON workspace_api_key TO userdata_worker;
"""

# The policy on workspace looks into member, those on member look nowhere else: they cannot go in circles. It looks
# through a function, which is planned once a session: a subquery would be planned with every read of a workspace, and
# may be run by reading all of a person's memberships into a hash table to show one page of them.
POLICIES = """
CREATE FUNCTION app_takes_part(workspace uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM member WHERE member.workspace_id = workspace AND member.user_id = app_user());
END $$;

ALTER TABLE workspace ENABLE ROW LEVEL SECURITY;
ALTER TABLE workspace FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON workspace TO userdata_app USING (id = app_workspace());
CREATE POLICY mine ON workspace FOR SELECT TO userdata_app USING (app_takes_part(id));
CREATE POLICY due ON workspace FOR SELECT TO userdata_worker USING (purge_time IS NOT NULL);

ALTER TABLE member ENABLE ROW LEVEL SECURITY;
ALTER TABLE member FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON member TO userdata_app USING (workspace_id = app_workspace());
CREATE POLICY mine ON member FOR SELECT TO userdata_app USING (user_id = app_user());

ALTER TABLE invitation ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitation FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON invitation TO userdata_app USING (workspace_id = app_workspace());

ALTER TABLE ownership_transfer ENABLE ROW LEVEL SECURITY;
ALTER TABLE ownership_transfer FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON ownership_transfer TO userdata_app USING (workspace_id = app_workspace());

ALTER TABLE workspace_api_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE workspace_api_key FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON workspace_api_key TO userdata_app USING (workspace_id = app_workspace());
CREATE POLICY presented ON workspace_api_key FOR SELECT TO userdata_app
    USING (encode(key_hash, 'hex') = ANY (app_key_hashes()));
"""


def up(_migrator: Any, db: Database) -> None:
    """Make them."""
    for script in (KEY_HASHES, WORKSPACE, MEMBER, INVITATION, OWNERSHIP_TRANSFER, WORKSPACE_API_KEY, POLICIES):
        db.execute_sql(script)


def down(_migrator: Any, db: Database) -> None:
    """Drop them."""
    db.execute_sql(
        """
        DROP POLICY mine ON workspace;
        DROP TABLE workspace_api_key;
        DROP TABLE ownership_transfer;
        DROP TABLE invitation;
        DROP TABLE member;
        DROP TABLE workspace;
        DROP FUNCTION app_takes_part;
        DROP FUNCTION app_key_hashes;
        """
    )
