"""The page about the schema: every table with all that the database enforces on it."""

from collections.abc import Iterator, Mapping, Sequence
from inspect import getdoc
from typing import Final

from server.core.models import Model
from udb.schema.catalogue import Column, Index, Policy, Table

_HEAD: Final = """\
# The database

<!-- Written by `make schema` from a freshly migrated database; a test keeps it current. Change migrations/ instead. -->

![Diagram of all tables and the foreign keys between them](schema.svg)

The tables are made by the numbered scripts in `migrations/`, forward and back; models in each room's `models.py` agree
with them, which a test proves. Ids are UUIDv7, so they sort by creation. Times are `timestamptz` in UTC. Words of
enumerated columns are checked by the database. Every query of the product is served by an index below
(`tests/contract/test_queries.py`).

The server works as role `userdata_app`, workers as `userdata_worker`, which has the rights of the former and its own
beside them. Neither owns anything nor passes by row-level security. On tables with a lock, rows of other tenants do
not exist for the app: policies compare rows with `app_workspace()` and `app_user()`, set for each transaction.
"""


def write(rooms: Mapping[str, Sequence[Table]], models: Mapping[str, type[Model]]) -> str:
    """The page in Markdown; `models` by the names of their tables tell what each is for."""
    lines = [_HEAD]
    for room, tables in rooms.items():
        names = " · ".join(f"[{table.name}](#{table.name})" for table in tables)
        lines += [f"- **{room.capitalize()}**: {names}"]
    for room, tables in rooms.items():
        lines += ["", f"## {room.capitalize()}"]
        for table in tables:
            lines += ["", f"### {table.name}", "", *_table(table, getdoc(models[table.name]) or "")]
    return "\n".join(lines) + "\n"


def _table(table: Table, purpose: str) -> Iterator[str]:
    yield purpose
    if table.partitioned_by:
        yield f"\nPartitioned by `{table.partitioned_by}`."
    yield "\n| Column | Type | Null | |\n|---|---|---|---|"
    for column in table.columns:
        yield f"| `{column.name}` | `{column.type}` | {'yes' if column.nullable else ''} | {_notes(table, column)} |"
    yield ""
    yield from (f"- Index {_index(index)}" for index in table.indexes)
    yield from (f"- Check `{check.name}`: {_code(check.condition)}" for check in table.checks if not check.words)
    if table.forced:
        yield from (f"- Policy {_policy(policy)}" for policy in table.policies)
    yield from (f"- `{role}` may {', '.join(rights)}" for role, rights in table.grants.items())


def _notes(table: Table, column: Column) -> str:
    notes = ["primary key"] if column.name in table.primary_key else []
    notes += [
        f"refers to [{key.table}](#{key.table})" + (f", {key.on_delete.lower()} on delete" if key.on_delete else "")
        for key in table.foreign_keys
        if column.name in key.columns
    ]
    notes += [", ".join(f"`{word}`" for word in table.words(column.name))]
    notes += [f"default `{column.default}`"] if column.default else []
    return "; ".join(filter(None, notes))


def _index(index: Index) -> str:
    text = f"`{index.name}` on ({', '.join(index.keys)})"
    text += f" with {', '.join(index.included)}" if index.included else ""
    text += f" where {_code(index.predicate)}" if index.predicate else ""
    return text + (", primary key" if index.primary else ", unique" if index.unique else "")


def _policy(policy: Policy) -> str:
    text = f"`{policy.name}` for {', '.join(f'`{role}`' for role in policy.roles)}, {policy.command}"
    text += f": {_code(policy.using)}" if policy.using else ""
    return text + (f"; writes must hold {_code(policy.check)}" if policy.check else "")


def _code(expression: str) -> str:
    """`expression` without the casts that Postgres adds to every word."""
    return f"`{expression.replace('::text', '')}`"
