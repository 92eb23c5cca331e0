"""Positions in lists that are ordered by time of creation."""

from datetime import datetime
from typing import Any
from uuid import UUID

from server.core.paging import Page


def after(page: Page) -> tuple[datetime, UUID] | None:
    """Where the page before ended; None on the first."""
    return None if page.after is None else (datetime.fromisoformat(page.after[0]), UUID(page.after[1]))


def of(row: Any) -> list[str]:
    """Where `row` stands."""
    return [row.create_time.isoformat(), str(row.id)]
