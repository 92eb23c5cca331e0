"""What goes over the wire, in the product's shape."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

RESERVED = frozenset({"admin", "api", "app", "auth", "docs", "help", "mail", "root", "status", "support", "www"})


def free(slug: str) -> str:
    """Refuses reserved slugs."""
    if slug in RESERVED:
        message = f"{slug} is reserved: choose another slug"
        raise ValueError(message)
    return slug


Slug = Annotated[
    str,
    StringConstraints(min_length=3, max_length=63, pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])$"),
    AfterValidator(free),
]


class Wire(BaseModel):
    """camelCase outside, snake_case inside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class WorkspaceIn(Wire):
    """The body of a create."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    slug: Slug
    settings: dict[str, Any] = {}
    labels: dict[str, str] = {}


class WorkspaceOut(Wire):
    """A workspace."""

    id: UUID
    name: str
    slug: str
    owner_id: UUID
    plan: str
    settings: dict[str, Any]
    labels: dict[str, str]
    etag: str
    create_time: datetime
    update_time: datetime
