"""What a database says of itself: tables with columns, constraints, indexes, policies and grants, as plain values."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg2

#: Kept by the runner of the migrations for itself.
_HISTORY: Final = "schema_migration"
_SHORT: Final = {"timestamp with time zone": "timestamptz", "timestamp with time zone[]": "timestamptz[]"}


@dataclass(frozen=True)
class Column:
    """A column; `type` as one writes it in SQL, `default` as an expression or ""."""

    name: str
    type: str
    nullable: bool
    default: str


@dataclass(frozen=True)
class ForeignKey:
    """Columns that refer to the columns `targets` of `table`; `on_delete` is "" when deleting there is refused."""

    name: str
    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]
    on_delete: str


@dataclass(frozen=True)
class Check:
    """A condition on every row."""

    name: str
    columns: tuple[str, ...]
    condition: str

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the one column may hold, when that is what is checked."""
        listed = re.fullmatch(r"\w+ = ANY \(ARRAY\[(.*)\]\)", self.condition)
        return tuple(re.findall(r"'((?:[^']|'')*)'::text", listed[1])) if listed else ()


@dataclass(frozen=True)
class Index:
    """An index over `keys`, columns or expressions, of the rows for which `predicate` holds ("" for all)."""

    name: str
    keys: tuple[str, ...]
    included: tuple[str, ...]
    unique: bool
    primary: bool
    predicate: str


@dataclass(frozen=True)
class Policy:
    """Which rows `roles` see (`using`) and may write (`check`; "" means as `using`)."""

    name: str
    command: str
    roles: tuple[str, ...]
    using: str
    check: str


@dataclass(frozen=True)
class Table:
    """A table. `partitioned_by` is "" for an ordinary one; its partitions are not told of.

    `row_security` and `forced` are the two switches of row-level security; the second binds the owner as well.
    `grants` gives the privileges of each role that has any; the role of everybody is "PUBLIC".
    """

    name: str
    owner: str
    partitioned_by: str
    row_security: bool
    forced: bool
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    checks: tuple[Check, ...]
    indexes: tuple[Index, ...]
    policies: tuple[Policy, ...]
    grants: dict[str, tuple[str, ...]]

    def words(self, column: str) -> tuple[str, ...]:
        """The words that `column` may hold, when they are enumerated."""
        return next((check.words for check in self.checks if check.columns == (column,) and check.words), ())


_TABLES: Final = """
SELECT oid, relname, relowner::regrole::text, coalesce(pg_get_partkeydef(oid), ''), relrowsecurity, relforcerowsecurity
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> %s
ORDER BY relname
"""
_COLUMNS: Final = """
SELECT attrelid, attname, format_type(atttypid, atttypmod), NOT attnotnull, coalesce(pg_get_expr(adbin, adrelid), '')
FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = ANY (%s) AND attnum > 0 AND NOT attisdropped
ORDER BY attrelid, attnum
"""
_CONSTRAINTS: Final = """
SELECT conrelid, contype, conname, confrelid::regclass::text, pg_get_constraintdef(oid, true),
    ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS key (number, place)
          JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY place),
    ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS key (number, place)
          JOIN pg_attribute ON attrelid = confrelid AND attnum = number ORDER BY place)
FROM pg_constraint WHERE conrelid = ANY (%s) AND contype IN ('p', 'f', 'c') AND conparentid = 0
ORDER BY conrelid, conkey, conname
"""
_INDEXES: Final = """
SELECT indrelid, relname, indisunique, indisprimary, coalesce(pg_get_expr(indpred, indrelid, true), ''), indnkeyatts,
    ARRAY(SELECT pg_get_indexdef(indexrelid, place, true) FROM generate_series(1, indnatts) AS place)
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE indrelid = ANY (%s)
ORDER BY indrelid, NOT indisprimary, relname
"""
_POLICIES: Final = """
SELECT polrelid, polname, polcmd::text,
    ARRAY(SELECT CASE role WHEN 0 THEN 'PUBLIC' ELSE role::regrole::text END FROM unnest(polroles) AS role),
    coalesce(pg_get_expr(polqual, polrelid, true), ''), coalesce(pg_get_expr(polwithcheck, polrelid, true), '')
FROM pg_policy WHERE polrelid = ANY (%s)
ORDER BY polrelid, polname DESC
"""
_GRANTS: Final = """
SELECT oid, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, array_agg(privilege_type ORDER BY place)
FROM pg_class, aclexplode(relacl), array_position(
    ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'], privilege_type) AS place
WHERE oid = ANY (%s) AND grantee <> relowner
GROUP BY 1, 2 ORDER BY 1, 2
"""
_COMMANDS: Final = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
_ON_DELETE: Final = re.compile(r"ON DELETE ([A-Z ]+)$")


def read(url: str) -> list[Table]:
    """The tables of the database at `url`, by name."""
    with _cursor(url) as cursor:
        cursor.execute(_TABLES, (_HISTORY,))
        tables = cursor.fetchall()
        found = {kind: _by_table(cursor, kind, [row[0] for row in tables]) for kind in _PARTS}
    return [_table(row, {kind: rows[row[0]] for kind, rows in found.items()}) for row in tables]


_PARTS: Final = (_COLUMNS, _CONSTRAINTS, _INDEXES, _POLICIES, _GRANTS)


@contextmanager
def _cursor(url: str) -> Iterator[Any]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        yield cursor


def _by_table(cursor: Any, query: str, oids: list[int]) -> dict[int, list[Any]]:
    cursor.execute(query, (oids,))
    rows = defaultdict(list)
    for oid, *values in cursor.fetchall():
        rows[oid].append(values)
    return rows


def _table(row: Any, parts: dict[str, list[Any]]) -> Table:
    _, name, owner, partitioned_by, row_security, forced = row
    constraints = parts[_CONSTRAINTS]
    return Table(
        name=name,
        owner=owner,
        partitioned_by=partitioned_by,
        row_security=row_security,
        forced=forced,
        columns=tuple(Column(n, _SHORT.get(t, t), nullable, d) for n, t, nullable, d in parts[_COLUMNS]),
        primary_key=next((tuple(columns) for kind, *_, columns, _ in constraints if kind == "p"), ()),
        foreign_keys=tuple(
            ForeignKey(name, tuple(columns), table, tuple(targets), _deleting(definition))
            for kind, name, table, definition, columns, targets in constraints
            if kind == "f"
        ),
        checks=tuple(
            Check(name, tuple(columns), _bare(definition.removeprefix("CHECK ")))
            for kind, name, _, definition, columns, _ in constraints
            if kind == "c"
        ),
        indexes=tuple(
            Index(name, tuple(keys[:count]), tuple(keys[count:]), unique, primary, _bare(predicate))
            for name, unique, primary, predicate, count, keys in parts[_INDEXES]
        ),
        policies=tuple(
            Policy(name, _COMMANDS[command], tuple(roles), _bare(using), _bare(check))
            for name, command, roles, using, check in parts[_POLICIES]
        ),
        grants={role: tuple(privileges) for role, privileges in parts[_GRANTS]},
    )


def _deleting(definition: str) -> str:
    found = _ON_DELETE.search(definition)
    return found[1] if found else ""


def _bare(expression: str) -> str:
    """`expression` on one line and without parentheses around the whole of it."""
    text = " ".join(expression.split())
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0 and place < len(text) - 1:
            return text
    return _bare(text[1:-1]) if text.startswith("(") else text
