"""The database: Peewee over psycopg2, one persistent connection per thread, scopes that cost no round trip.

A scope (`server.core.tenancy`) sets who is acting and in which workspace. Its settings are not sent on their own:
they ride in front of the scope's first statement, in the same message, as `BEGIN` does.

A lost connection is found when a statement fails. If that statement was the scope's first, nothing can have been
committed, so it is tried once more on a new connection; otherwise the caller gets `Unavailable` and the scope stays
broken until it ends, so that no later statement runs outside its transaction.
"""

import itertools
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID, SafeUUID

import peewee
import psycopg2.extensions
import psycopg2.extras
from peewee import Context, Node, PostgresqlDatabase

from server.core.errors import Unavailable

psycopg2.extras.register_uuid()

_set_int: Final = UUID.__dict__["int"].__set__
_set_is_safe: Final = UUID.__dict__["is_safe"].__set__


def _read_uuid(text: Any, _cursor: Any) -> UUID | None:
    """What `UUID(text)` gives, at 0.4 instead of 0.9 µs: the database writes them in one form alone."""
    if text is None:
        return None
    value = object.__new__(UUID)
    _set_int(value, int(text.replace("-", ""), 16))
    _set_is_safe(value, SafeUUID.unknown)
    return value


_UUID: Final = psycopg2.extensions.new_type((2950,), "UUID", _read_uuid)
psycopg2.extensions.register_type(_UUID)
psycopg2.extensions.register_type(psycopg2.extensions.new_array_type((2951,), "UUID[]", _UUID))

#: Statements of an API call end long before Envoy gives up on the call (15 s).
_STATEMENT_TIMEOUT_MS: Final = 10_000
_CONNECT_TIMEOUT_S: Final = 5


class _Scope(threading.local):
    """What the present thread has to send in front of its next statement, and what its connection has prepared."""

    def __init__(self) -> None:
        self.prefix = ""
        self.every = False
        self.broken = False
        # Statements whose result nobody waits for, each with the prefix it came with.
        self.deferred: list[tuple[str, str, Sequence[Any]]] = []
        self.prepared: dict[str, str] = {}
        self.names = itertools.count()


class Statement(str):
    """The text of a statement that the server parses once per connection. Equal to the text itself."""

    __slots__ = ("arguments", "numbered")

    def __init__(self, text: str) -> None:
        """`text` has a `%s` for each value, as the driver wants it."""
        numbers = itertools.count(1)
        self.numbered = re.sub("%%|%s", lambda mark: mark[0] if mark[0] == "%%" else f"${next(numbers)}", text)
        count = next(numbers) - 1
        self.arguments = f"({','.join(['%s'] * count)})" if count else ""


class Database(PostgresqlDatabase):
    """A Peewee database whose transactions start with their first statement."""

    def __init__(self) -> None:
        super().__init__(None, autoconnect=True)
        self.scope = _Scope()

    def open(self, url: str, *, role: str | None, application: str = "userdata") -> None:
        """Say where the database is. `role` is the database role that every connection takes on.

        Nothing connects yet: each thread does when it first executes.
        """
        # Starting parallel workers or a compiler takes longer than any statement of a call should.
        planner = "-c jit=off -c max_parallel_workers_per_gather=0"
        options = f"-c statement_timeout={_STATEMENT_TIMEOUT_MS} -c timezone=UTC {planner}"
        if role:
            options += f" -c role={role}"
        self.init(
            url.replace("postgres://", "postgresql://", 1),
            options=options,
            application_name=application,
            connect_timeout=_CONNECT_TIMEOUT_S,
            keepalives_idle=30,
        )

    def begin(self, isolation_level: str | None = None) -> None:
        """Start a transaction with the next statement."""
        if isolation_level:
            raise ValueError("transactions of the product run at READ COMMITTED")
        self.scope.prefix = "BEGIN;" + self.scope.prefix

    def commit(self) -> None:
        """Make the transaction last, with the deferred statements; costs nothing when no statement ran in it."""
        if self.scope.deferred:
            self.execute_sql("COMMIT")
            return
        if self._unsent():
            return
        if self.scope.broken or self.is_closed():
            raise Unavailable
        try:
            super().commit()
        except (peewee.OperationalError, peewee.InterfaceError) as error:
            self._drop_connection()
            raise Unavailable from error

    def rollback(self) -> None:
        """Undo the transaction; a lost connection has done so already."""
        unsent = self._unsent()
        self.scope.deferred.clear()
        if unsent or self.scope.broken or self.is_closed():
            return
        try:
            super().rollback()
        except (peewee.OperationalError, peewee.InterfaceError):
            self._drop_connection()

    def defer(self, sql: str, params: Sequence[Any]) -> None:
        """Run a statement whose result nobody waits for with the next one, at the latest with COMMIT, in its message.

        If it fails, that one does, and the transaction with it. Outside of a transaction it runs at once.
        """
        if not self.in_transaction():
            self.execute_sql(sql, params)
            return
        self.scope.deferred.append((self.scope.prefix, sql, params))
        self.scope.prefix = ""

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run one statement, with all that waits in front of it. Raises Unavailable on a lost connection."""
        scope = self.scope
        if scope.broken:
            raise Unavailable
        try:
            cursor = self._attempt(sql, params, retry=self._begins() or not self.in_transaction())
        except (peewee.OperationalError, peewee.InterfaceError) as error:
            if not self._lost():
                raise
            self._drop_connection()
            raise Unavailable from error
        finally:
            scope.deferred.clear()
            if not scope.every:
                scope.prefix = ""
        return cursor

    def _attempt(self, sql: str, params: Any, *, retry: bool) -> Any:
        try:
            return self._send(sql, params)
        except (peewee.OperationalError, peewee.InterfaceError):
            if not (retry and self._lost()) or self._thread.conn is None:
                raise
        self._forget_connection()
        return self._send(sql, params)

    def _send(self, sql: str, params: Any) -> Any:
        scope = self.scope
        if self.is_closed():
            self.connect()
        new: dict[str, str] = {}
        if not scope.deferred:
            cursor = super().execute_sql(scope.prefix + self._text(sql, new), params)  # type: ignore[no-untyped-call]
        else:
            if params is None:
                sql, params = sql.replace("%", "%%"), ()
            batch = (*scope.deferred, (scope.prefix, sql, params))
            texts = [prefix + self._text(text, new) for prefix, text, _ in batch]
            values = [value for _, _, some in batch for value in some]
            cursor = super().execute_sql(";".join(texts), values)  # type: ignore[no-untyped-call]
        scope.prepared.update(new)
        return cursor

    def _text(self, sql: str, new: dict[str, str]) -> str:
        """What to send for `sql`; notes in `new` what the message prepares."""
        if not isinstance(sql, Statement):
            return sql
        name = self.scope.prepared.get(sql) or new.get(sql)
        if name is not None:
            return f"EXECUTE {name}{sql.arguments}"
        # A name is never used twice: whether a message that failed had got as far as preparing is not known.
        name = new[sql] = f"s{next(self.scope.names)}"
        return f"PREPARE {name} AS {sql.numbered};EXECUTE {name}{sql.arguments}"

    @property
    def _thread(self) -> Any:
        """Peewee's own state of this thread: its connection and its stack of transactions."""
        return self._state  # type: ignore[attr-defined]

    def _begins(self) -> bool:
        """Whether the next message is the first of its transaction."""
        deferred = self.scope.deferred
        return "BEGIN;" in (deferred[0][0] if deferred else self.scope.prefix)

    def _unsent(self) -> bool:
        """Whether the transaction ends before anything was sent; forgets the pending prefix."""
        unsent = self._begins()
        if unsent:
            self.scope.prefix = ""
        return unsent

    def _lost(self) -> bool:
        return self._thread.conn is None or bool(self._thread.conn.closed)

    def _forget_connection(self) -> None:
        """Let the next statement connect anew; Peewee's stack of transactions stays as it is."""
        self._thread.conn, self._thread.closed = None, True

    def _drop_connection(self) -> None:
        self._forget_connection()
        self.scope.broken = self.in_transaction()

    def connect(self, reuse_if_open: bool = False) -> bool:  # noqa: FBT001, FBT002 - Peewee's signature
        """Open this thread's connection, with nothing prepared; Peewee's stack of transactions stays over it."""
        self.scope.prepared.clear()
        transactions, callbacks = list(self._thread.transactions), list(self._thread.commit_callbacks)
        try:
            opened = bool(super().connect(reuse_if_open))
        finally:
            self._thread.transactions, self._thread.commit_callbacks = transactions, callbacks
        return opened


db: Final = Database()


class Slot(Node):
    """A named parameter of a `Prepared` statement."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __sql__(self, ctx: Context) -> Context:
        # Peewee has no public way to put a placeholder among the values.
        ctx._values.append(self)  # type: ignore[attr-defined] # noqa: SLF001
        return ctx.literal(ctx.state.param)


class Prepared:
    """A Peewee query whose SQL text is built once, and parsed and planned once per connection, for hot paths.

    Building costs Peewee, and planning costs Postgres, about as much as executing (docs/decisions/0008). `build` is
    called at first use; `Slot("name")` stands where a value comes.
    """

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._sql: Statement | None = None
        self._values: tuple[Any, ...] = ()

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """All rows, as tuples in the order of the selected columns."""
        return self._execute(values).fetchall()  # type: ignore[no-any-return]

    def row(self, **values: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        return self._execute(values).fetchone()  # type: ignore[no-any-return]

    def run(self, **values: Any) -> int:
        """Execute for its effect; gives the number of rows it touched."""
        return self._execute(values).rowcount  # type: ignore[no-any-return]

    def defer(self, **values: Any) -> None:
        """Execute for its effect with the next statement; see `Database.defer`."""
        db.defer(*self._filled(values))

    def _execute(self, values: dict[str, Any]) -> Any:
        return db.execute_sql(*self._filled(values))

    def _filled(self, values: dict[str, Any]) -> tuple[Statement, list[Any]]:
        if self._sql is None:
            text, params = self._build().sql()
            self._values = tuple(params)
            self._sql = Statement(text)
        return self._sql, [values[v.name] if isinstance(v, Slot) else v for v in self._values]
