"""Unique constraints as the judge of what is taken, without losing the transaction.

Asking first and writing then leaves a gap in which another call can be faster. So a service writes, and says here
which error a broken constraint means.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import peewee

from server.core.db import db
from server.core.errors import DomainError


@contextmanager
def translated(errors: Mapping[str, DomainError]) -> Iterator[None]:
    """Run a block in a savepoint; breaking the constraint or unique index of that name raises its error.

    What the block did is undone then and the transaction goes on. Other constraints raise peewee.IntegrityError.
    """
    try:
        with db.atomic():
            yield
    except peewee.IntegrityError as error:
        found = errors.get(_constraint(error) or "")
        if found is None:
            raise
        raise found from error


def _constraint(error: peewee.IntegrityError) -> str | None:
    # Peewee keeps the driver's error in `orig`; only the driver's diagnostics name the constraint.
    diagnostics = getattr(getattr(error, "orig", None), "diag", None)
    return getattr(diagnostics, "constraint_name", None)
