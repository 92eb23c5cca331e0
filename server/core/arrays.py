"""Texts of arrays of the database: a batch of a thousand rows costs one join of strings, and no adapter for each value.

Source: PostgreSQL's documentation, "Array Input and Output Syntax".
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

#: An item that is null.
NULL = "NULL"


def plain(items: Iterable[object]) -> str:
    """Items whose text has no comma, brace, quote, backslash or space: numbers and words of our own; None is null."""
    return "{" + ",".join([NULL if item is None else str(item) for item in items]) + "}"


def uuids(items: Iterable[UUID | None]) -> str:
    """Ids; None is null."""
    return "{" + ",".join([NULL if item is None else item.hex for item in items]) + "}"


def times(items: Iterable[datetime | None]) -> str:
    """Moments; None is null."""
    return "{" + ",".join([NULL if item is None else f'"{item.isoformat()}"' for item in items]) + "}"


def texts(items: Iterable[str | None]) -> str:
    """Any texts without NUL characters, which the database cannot hold; None is null."""
    return "{" + ",".join([NULL if item is None else _quoted(item) for item in items]) + "}"


def blobs(items: Iterable[bytes]) -> str:
    """Bytes."""
    return "{" + ",".join([f'"\\\\x{item.hex()}"' for item in items]) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
