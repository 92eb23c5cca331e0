"""Deleting what is past its use, a bounded number of rows at a time, so that no transaction holds many for long."""

from typing import Any

import peewee

from server.core.models import Model


def delete_some(model: type[Model], where: Any, *, oldest: peewee.Field, limit: int) -> int:
    """Delete at most `limit` rows that meet `where`, in the order of `oldest`; gives how many went.

    Rows that another transaction holds are passed over. The rows are deleted by their places in the table: by their
    keys, Postgres may find it cheaper to read the whole table than to look up a thousand of them.
    """
    place = peewee.SQL("ctid")
    some = model.select(place).where(where).order_by(oldest).limit(limit).for_update(skip_locked=True)
    return int(model.delete().where(place == peewee.fn.ANY(peewee.fn.ARRAY(some))).execute())
