"""The tables of accounts. None belongs to a workspace; rows are found by user, session or keyed hash."""

from typing import Any

import peewee
from playhouse.postgres_ext import ArrayField

from server.core import clock
from server.core.models import CreateTimeField, EnumField, IdField, JsonField, Model, TimeField


class User(Model):
    """A person's account. Once purged it keeps its id and its times, and nothing else of the person.

    `email_key` is `emails.key(email)`. `verification_version` and `reset_version` are in the mailed tokens; raising
    one makes the tokens before it worthless, and so does clearing the expiry beside it.
    """

    id = IdField()
    email = peewee.TextField(null=True)
    email_key = peewee.TextField(null=True)
    email_verified = peewee.BooleanField(default=False)
    password_hash = peewee.TextField(null=True)
    display_name = peewee.TextField()
    avatar_url = peewee.TextField(default="")
    locale = peewee.TextField(default="en")
    time_zone = peewee.TextField(default="UTC")
    labels = JsonField(default=dict)
    is_admin = peewee.BooleanField(default=False)
    verification_version = peewee.IntegerField(default=0)
    verification_expire_time = TimeField(null=True)
    reset_version = peewee.IntegerField(default=0)
    reset_expire_time = TimeField(null=True)
    revision = peewee.IntegerField(default=1)
    create_time = CreateTimeField()
    update_time = TimeField(default=clock.now)
    lock_time = TimeField(null=True)
    delete_time = TimeField(null=True)
    purge_time = TimeField(null=True)

    class Meta:
        table_name = "user_account"


class UserKeyField(peewee.ForeignKeyField):
    """The user that a row belongs to; reading it gives the id and costs no query."""

    def __init__(self, **options: Any) -> None:
        super().__init__(User, index=False, lazy_load=False, **options)


class Session(Model):
    """One sign-in on one device. `counter` is in its newest refresh token, the only one that may rotate."""

    id = IdField()
    user = UserKeyField()
    counter = peewee.IntegerField(default=0)
    amr = ArrayField(peewee.TextField, index=False)
    auth_time = TimeField()
    user_agent = peewee.TextField()
    ip_address = peewee.TextField()
    create_time = CreateTimeField()
    last_seen_time = TimeField()
    expire_time = TimeField()
    revoke_time = TimeField(null=True)
    revoke_cause = EnumField(
        "LOGOUT",
        "BY_USER",
        "PASSWORD_CHANGED",
        "REFRESH_TOKEN_REUSED",
        "ACCOUNT_LOCKED",
        "ACCOUNT_DELETED",
        null=True,
    )

    class Meta:
        table_name = "session"


class SigningKey(Model):
    """A key that signs access tokens from `activate_time` until the next one does; the private half is sealed."""

    kid = peewee.TextField(primary_key=True)
    public_key = peewee.BlobField()
    private_key = peewee.BlobField()
    activate_time = TimeField()
    create_time = CreateTimeField()

    class Meta:
        table_name = "signing_key"


class LoginFailure(Model):
    """When guesses at one secret from one address failed lately, the oldest first."""

    account_hash = peewee.BlobField()
    address_hash = peewee.BlobField()
    times = ArrayField(TimeField, index=False)
    expire_time = TimeField()

    class Meta:
        table_name = "login_failure"
        primary_key = peewee.CompositeKey("account_hash", "address_hash")


class LoginChallenge(Model):
    """A login whose password was right and whose second step is awaited."""

    id = IdField()
    user = UserKeyField()
    failures = peewee.IntegerField(default=0)
    expire_time = TimeField()

    class Meta:
        table_name = "login_challenge"


class MailThrottle(Model):
    """When mail of one kind was last asked for to one mailbox, whether or not anybody has it."""

    mailbox_hash = peewee.BlobField(primary_key=True)
    send_time = TimeField()

    class Meta:
        table_name = "mail_throttle"


class Totp(Model):
    """A user's authenticator. It has `expire_time` while its enrolment waits, `enable_time` once that is confirmed.

    `last_step` is the newest time step of which a code was taken; none up to it is taken again (RFC 6238 §5.2).
    """

    user = UserKeyField(primary_key=True)
    secret = peewee.BlobField()
    enable_time = TimeField(null=True)
    expire_time = TimeField(null=True)
    last_step = peewee.BigIntegerField(default=0)

    class Meta:
        table_name = "totp"


class RecoveryCode(Model):
    """A recovery code that is not used yet, as a keyed hash."""

    user = UserKeyField()
    code_hash = peewee.BlobField()

    class Meta:
        table_name = "recovery_code"
        primary_key = peewee.CompositeKey("user", "code_hash")


class ApiKey(Model):
    """A personal API key; of the key itself a keyed hash and its first characters are kept."""

    id = IdField()
    user = UserKeyField()
    name = peewee.TextField()
    scopes = ArrayField(peewee.TextField, index=False)
    hint = peewee.TextField()
    key_hash = peewee.BlobField()
    expire_time = TimeField(null=True)
    last_used_time = TimeField(null=True)
    revision = peewee.IntegerField(default=1)
    create_time = CreateTimeField()
    update_time = TimeField(default=clock.now)
    revoke_time = TimeField(null=True)

    class Meta:
        table_name = "api_key"
