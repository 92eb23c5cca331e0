"""The tables of workspaces. All belong to one and are closed to the others by row-level security."""

from typing import Any

import peewee
from playhouse.postgres_ext import ArrayField

from server.accounts.models import UserKeyField
from server.core import clock
from server.core.models import CreateTimeField, EnumField, IdField, JsonField, Model, TimeField
from server.workspaces.roles import Role

PENDING = "PENDING"
EXPIRED = "EXPIRED"


class Workspace(Model):
    """What people share. `owner_id` is the one owner who answers for it; there may be more owners."""

    id = IdField()
    name = peewee.TextField()
    slug = peewee.TextField()
    owner = UserKeyField()
    plan = peewee.TextField(default="free")
    settings = JsonField(default=dict)
    labels = JsonField(default=dict)
    revision = peewee.IntegerField(default=1)
    create_time = CreateTimeField()
    update_time = TimeField(default=clock.now)
    delete_time = TimeField(null=True)
    purge_time = TimeField(null=True)

    class Meta:
        table_name = "workspace"


class WorkspaceKeyField(peewee.ForeignKeyField):
    """The workspace that a row belongs to; reading it gives the id and costs no query."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Workspace, index=False, lazy_load=False, **options)


class RoleField(EnumField):
    """A role, as roles.py lists them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(*Role, **options)


class Member(Model):
    """A person's part in a workspace."""

    workspace = WorkspaceKeyField()
    user = UserKeyField()
    role = RoleField()
    extra_permissions = ArrayField(peewee.TextField, index=False, default=list)
    revision = peewee.IntegerField(default=1)
    create_time = CreateTimeField()
    update_time = TimeField(default=clock.now)

    class Meta:
        table_name = "member"
        primary_key = peewee.CompositeKey("workspace", "user")


class Invitation(Model):
    """An e-mail that is asked into a workspace.

    `email_key` is `emails.key(email)`. `version` is in the mailed token, so raising it makes earlier tokens
    worthless. PENDING past `expire_time` means expired; EXPIRED is written when a newer invitation takes its place.
    """

    id = IdField()
    workspace = WorkspaceKeyField()
    email = peewee.TextField()
    email_key = peewee.TextField()
    role = RoleField()
    state = EnumField(PENDING, "ACCEPTED", "DECLINED", "REVOKED", EXPIRED, default=PENDING)
    inviter = UserKeyField(null=True)
    version = peewee.IntegerField(default=1)
    send_time = TimeField(default=clock.now)
    expire_time = TimeField()
    revision = peewee.IntegerField(default=1)
    create_time = CreateTimeField()
    update_time = TimeField(default=clock.now)

    class Meta:
        table_name = "invitation"


class OwnershipTransfer(Model):
    """A workspace offered to one of its members. PENDING past `expire_time` means expired, as for invitations."""

    id = IdField()
    workspace = WorkspaceKeyField()
    user = UserKeyField()
    offerer = UserKeyField()
    state = EnumField(PENDING, "ACCEPTED", "DECLINED", "CANCELLED", EXPIRED, default=PENDING)
    expire_time = TimeField()
    revision = peewee.IntegerField(default=1)
    create_time = CreateTimeField()
    update_time = TimeField(default=clock.now)

    class Meta:
        table_name = "ownership_transfer"


class WorkspaceApiKey(Model):
    """An API key of a workspace; of the key itself a keyed hash and its first characters are kept."""

    id = IdField()
    workspace = WorkspaceKeyField()
    owner = UserKeyField()
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
        table_name = "workspace_api_key"
