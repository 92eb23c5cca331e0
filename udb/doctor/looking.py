"""Looking into the database of a running installation."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import psycopg2

from udb.doctor.finding import Ailing

_TIMEOUT_S: Final = 5


@contextmanager
def as_worker(url: str) -> Iterator[Any]:
    """A cursor that sees every workspace, as the workers do. Raises Ailing for what goes wrong in the block."""
    try:
        with closing(psycopg2.connect(url, connect_timeout=_TIMEOUT_S)) as connection, connection.cursor() as cursor:
            cursor.execute("SET ROLE userdata_worker")
            yield cursor
    except psycopg2.Error as error:
        raise Ailing(f"it cannot be looked at ({str(error).strip()})", "mend what the database's check says") from error
