"""The tables that the two calls touch, with the columns that the product's have. Made by schema.sql."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Maps Python types to column types."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own way of declaring it
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: ARRAY(TEXT),
        str: TEXT,
    }


class Session(Base):
    """A signed-in person; `revoke_time` ends it before `expire_time` does."""

    __tablename__ = "session"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    expire_time: Mapped[datetime]
    revoke_time: Mapped[datetime | None]


class Workspace(Base):
    """A tenant."""

    __tablename__ = "workspace"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    slug: Mapped[str]
    owner_id: Mapped[UUID]
    plan: Mapped[str] = mapped_column(default="free")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    labels: Mapped[dict[str, Any]] = mapped_column(default=dict)
    revision: Mapped[int] = mapped_column(default=1)
    create_time: Mapped[datetime] = mapped_column(default=now)
    update_time: Mapped[datetime] = mapped_column(default=now)
    delete_time: Mapped[datetime | None]
    purge_time: Mapped[datetime | None]
    members: Mapped[list["Member"]] = relationship(lazy="raise")
    """Puts the inserts into the order that the foreign key asks for; never loaded."""

    @property
    def etag(self) -> str:
        """Changes with every update."""
        return f'"{self.revision}"'


class Member(Base):
    """A person in a workspace, with a role and further permissions."""

    __tablename__ = "member"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str]
    extra_permissions: Mapped[list[str]] = mapped_column(default=list)
    revision: Mapped[int] = mapped_column(default=1)
    create_time: Mapped[datetime] = mapped_column(default=now)
    update_time: Mapped[datetime] = mapped_column(default=now)


class Event(Base):
    """One thing that happened, partitioned by day."""

    __tablename__ = "event"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    create_time: Mapped[datetime] = mapped_column(primary_key=True, default=now)
    workspace_id: Mapped[UUID | None]
    type: Mapped[str]
    subject: Mapped[str]
    data: Mapped[dict[str, Any]]
    actor: Mapped[str]
    request_id: Mapped[str]
    trace_parent: Mapped[str]


class IdempotencyKey(Base):
    """The first answer to a call with an Idempotency-Key, kept for 24 hours."""

    __tablename__ = "idempotency_key"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    response: Mapped[bytes]
    expire_time: Mapped[datetime] = mapped_column(default=lambda: now() + timedelta(hours=24))
