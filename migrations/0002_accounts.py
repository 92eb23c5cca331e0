"""Accounts: users, sessions, signing keys, two-step login, API keys, and what bounds guessing and mailing."""

from typing import Any

from peewee import Database

# `email_key` is server.core.emails.key(email): uniqueness does not depend on the database's locale. A purged account
# has neither, so its e-mail can be registered again. The versions are in the tokens that are mailed.
USER = """
CREATE TABLE user_account (
    id uuid PRIMARY KEY,
    email text,
    email_key text,
    email_verified boolean NOT NULL,
    password_hash text,
    display_name text NOT NULL,
    avatar_url text NOT NULL,
    locale text NOT NULL,
    time_zone text NOT NULL,
    labels jsonb NOT NULL,
    is_admin boolean NOT NULL,
    verification_version integer NOT NULL,
    verification_expire_time timestamptz,
    reset_version integer NOT NULL,
    reset_expire_time timestamptz,
    revision integer NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    lock_time timestamptz,
    delete_time timestamptz,
    purge_time timestamptz,
    CONSTRAINT user_account_email_key UNIQUE (email_key),
    CONSTRAINT user_account_email CHECK ((email IS NULL) = (email_key IS NULL)),
    CONSTRAINT user_account_purge CHECK ((delete_time IS NULL) = (purge_time IS NULL))
);
CREATE INDEX user_account_all ON user_account (create_time, id);
CREATE INDEX user_account_living ON user_account (create_time, id) WHERE delete_time IS NULL;
CREATE INDEX user_account_locked ON user_account (create_time, id) WHERE lock_time IS NOT NULL AND delete_time IS NULL;
CREATE INDEX user_account_deleted ON user_account (create_time, id) WHERE delete_time IS NOT NULL;
CREATE INDEX user_account_due ON user_account (purge_time) WHERE purge_time IS NOT NULL AND email IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON user_account TO userdata_app;
"""

SESSION = """
CREATE TABLE session (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES user_account (id),
    counter integer NOT NULL,
    amr text[] NOT NULL,
    auth_time timestamptz NOT NULL,
    user_agent text NOT NULL,
    ip_address text NOT NULL,
    create_time timestamptz NOT NULL,
    last_seen_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    revoke_time timestamptz,
    revoke_cause text CHECK (revoke_cause IN ('LOGOUT', 'BY_USER', 'PASSWORD_CHANGED', 'REFRESH_TOKEN_REUSED',
        'ACCOUNT_LOCKED', 'ACCOUNT_DELETED')),
    CONSTRAINT session_revoke CHECK ((revoke_time IS NULL) = (revoke_cause IS NULL))
);
CREATE INDEX session_of_user ON session (user_id, create_time, id);
CREATE INDEX session_expire ON session (expire_time);
GRANT SELECT, INSERT, UPDATE ON session TO userdata_app;
GRANT DELETE ON session TO userdata_worker;
"""

# The private half is sealed under the key ring. A key signs from `activate_time` until the next one does.
SIGNING_KEY = """
CREATE TABLE signing_key (
    kid text PRIMARY KEY,
    public_key bytea NOT NULL,
    private_key bytea NOT NULL,
    activate_time timestamptz NOT NULL,
    create_time timestamptz NOT NULL
);
GRANT SELECT, INSERT ON signing_key TO userdata_app;
GRANT DELETE ON signing_key TO userdata_worker;
"""

# E-mails and addresses stand here only as keyed hashes: the e-mails of people without an account do, too.
LOGIN = """
CREATE TABLE login_failure (
    account_hash bytea NOT NULL,
    address_hash bytea NOT NULL,
    times timestamptz[] NOT NULL,
    expire_time timestamptz NOT NULL,
    PRIMARY KEY (account_hash, address_hash)
);
CREATE INDEX login_failure_expire ON login_failure (expire_time);
GRANT SELECT, INSERT, UPDATE, DELETE ON login_failure TO userdata_app;

CREATE TABLE login_challenge (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES user_account (id),
    failures integer NOT NULL,
    expire_time timestamptz NOT NULL
);
CREATE INDEX login_challenge_of_user ON login_challenge (user_id);
CREATE INDEX login_challenge_expire ON login_challenge (expire_time);
GRANT SELECT, INSERT, UPDATE, DELETE ON login_challenge TO userdata_app;

CREATE TABLE mail_throttle (
    mailbox_hash bytea PRIMARY KEY,
    send_time timestamptz NOT NULL
);
CREATE INDEX mail_throttle_send ON mail_throttle (send_time);
GRANT SELECT, INSERT, UPDATE ON mail_throttle TO userdata_app;
GRANT DELETE ON mail_throttle TO userdata_worker;
"""

TOTP = """
CREATE TABLE totp (
    user_id uuid PRIMARY KEY REFERENCES user_account (id),
    secret bytea NOT NULL,
    enable_time timestamptz,
    expire_time timestamptz,
    last_step bigint NOT NULL,
    CONSTRAINT totp_state CHECK ((enable_time IS NULL) <> (expire_time IS NULL))
);
CREATE INDEX totp_expire ON totp (expire_time) WHERE expire_time IS NOT NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON totp TO userdata_app;

CREATE TABLE recovery_code (
    user_id uuid NOT NULL REFERENCES user_account (id),
    code_hash bytea NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);
GRANT SELECT, INSERT, DELETE ON recovery_code TO userdata_app;
"""

API_KEY = """
CREATE TABLE api_key (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES user_account (id),
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
    CONSTRAINT api_key_hash UNIQUE (key_hash)
);
CREATE INDEX api_key_of_user ON api_key (user_id, create_time, id);
GRANT SELECT, INSERT, UPDATE ON api_key TO userdata_app;
GRANT DELETE ON api_key TO userdata_worker;
"""


def up(_migrator: Any, db: Database) -> None:
    """Make them."""
    for script in (USER, SESSION, SIGNING_KEY, LOGIN, TOTP, API_KEY):
        db.execute_sql(script)


def down(_migrator: Any, db: Database) -> None:
    """Drop them."""
    db.execute_sql(
        """
        DROP TABLE api_key;
        DROP TABLE recovery_code;
        DROP TABLE totp;
        DROP TABLE mail_throttle;
        DROP TABLE login_challenge;
        DROP TABLE login_failure;
        DROP TABLE signing_key;
        DROP TABLE session;
        DROP TABLE user_account;
        """
    )
