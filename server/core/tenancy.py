"""Who is acting, and in which workspace: the two settings that row-level security reads.

`transaction` and `reading` are the only ways to the database for the rooms. Policies compare
`app.workspace_id` and `app.user_id` (transaction-local settings) with the row, so a query that forgets its WHERE
returns nothing of another tenant. Services never commit: the edge opens the scope and closes it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from server.core.db import db


def _settings(workspace: UUID | None, user: UUID | None) -> str:
    return f"SET LOCAL app.workspace_id='{workspace or ''}';SET LOCAL app.user_id='{user or ''}';"


@contextmanager
def transaction(*, workspace: UUID | None = None, user: UUID | None = None) -> Iterator[None]:
    """Run a block that writes; it commits at the end, or leaves nothing. Within another one it is a savepoint."""
    scope = db.scope
    if db.in_transaction():
        with db.atomic():
            scope.prefix += _settings(workspace, user)
            yield
        return
    scope.prefix, scope.every, scope.broken = _settings(workspace, user), False, False
    try:
        with db.atomic():
            yield
    finally:
        scope.prefix, scope.broken = "", False


@contextmanager
def reading(*, workspace: UUID | None = None, user: UUID | None = None) -> Iterator[None]:
    """Run a block that only reads. Each statement is a transaction of its own, in one round trip."""
    scope = db.scope
    if db.in_transaction():
        scope.prefix += _settings(workspace, user)
        yield
        return
    scope.prefix, scope.every, scope.broken = _settings(workspace, user), True, False
    try:
        yield
    finally:
        scope.prefix, scope.every = "", False


def enter(workspace: UUID) -> None:
    """Go on in `workspace` within the current transaction: it was just made, or a token led to it."""
    db.scope.prefix += f"SET LOCAL app.workspace_id='{workspace}';"


def switch(*, workspace: UUID | None, user: UUID | None) -> None:
    """Go on as `user` in `workspace` within the current transaction, to look at what is theirs; then switch back."""
    db.scope.prefix += _settings(workspace, user)
