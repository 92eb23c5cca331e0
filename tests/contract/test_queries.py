"""No named query of the product reads a whole table: Postgres' plans for all of them, on filled tables."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import server
from migrations.run import migrate
from server.core import tenancy
from server.core.db import Database, Prepared, Statement, db
from tests.contract.examples import CASTS, CONDITIONS, Example, examples
from tests.support.database import as_owner
from udb.embedded import Postgres
from udb.schema import catalogue

#: Tables so small that reading them whole is the best plan there is.
TINY = {
    "signing_key": "two or three keys are kept at a time",
    "periodic_task": "one row for each task of the scheduler",
    "event_drain": "its one row is who drains",
    "workflow_runner": "one row for each runner that is alive",
}
EXAMPLES: dict[str, list[Example]] = {}
for each in (example for cast in CASTS for example in examples(cast)):
    EXAMPLES.setdefault(each.name, []).append(each)

#: More rows than this are not sorted to show some of them.
MOST_SORTED = 1000

pytestmark = pytest.mark.xdist_group("queries")


def modules_of_queries() -> list[ModuleType]:
    """The modules that hold named queries."""
    names = ["workers.queries"]
    for room in pkgutil.iter_modules(server.__path__, "server."):
        inside = importlib.import_module(room.name).__path__ if room.ispkg else []
        if any(part.name == "queries" for part in pkgutil.iter_modules(inside)):
            names += [f"{room.name}.queries"]
    modules = [importlib.import_module(name) for name in names]
    for module in list(modules):
        parts = pkgutil.iter_modules(getattr(module, "__path__", []), f"{module.__name__}.")
        modules += [importlib.import_module(part.name) for part in parts]
    return modules


@pytest.fixture(scope="module")
def filled(postgres: Postgres) -> Iterator[str]:
    """A database with the amounts of filled.sql, in the place of the tests' own."""
    with as_owner(postgres.url) as cursor:
        cursor.execute("CREATE DATABASE filled")
    url = postgres.database_url("filled")
    migrate(url)
    with as_owner(url) as cursor:
        cursor.execute((Path(__file__).parent / "filled.sql").read_text())
        cursor.execute("VACUUM ANALYZE")
    db.close()
    db.open(url, role="userdata_app", application="tests")
    yield url
    db.close()
    db.open(postgres.url, role="userdata_app", application="tests")
    with as_owner(postgres.url) as cursor:
        cursor.execute("DROP DATABASE filled WITH (FORCE)")


@pytest.fixture(scope="module")
def bounded_indexes(filled: str) -> set[str]:
    """The indexes of few rows: those in passing states, and those of tiny tables. They may be read whole."""
    tables = catalogue.read(filled)
    return {index.name for each in tables for index in each.indexes if index.predicate or each.name in TINY}


@pytest.fixture
def plans(filled: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The statements that the test runs, each with its plan, made in the same scope just before it ran."""
    seen: list[tuple[str, dict[str, Any]]] = []
    execute = Database.execute_sql

    def explain(database: Database, sql: str, params: Any = None) -> Any:
        settings, statement = _SETTINGS.fullmatch(sql).groups()  # type: ignore[union-attr]
        # The parts of a union are in parentheses.
        if statement.lstrip("(").split(maxsplit=1)[0] in _PLANNED:
            rows = [execute(database, f"{settings}EXPLAIN (FORMAT JSON) {statement}", params).fetchone()]
            if isinstance(sql, Statement):
                # After some executions Postgres may take one plan for all values.
                rows += [execute(database, f"EXPLAIN (FORMAT JSON, GENERIC_PLAN) {sql.numbered}").fetchone()]
            seen.extend((sql, plan[0]["Plan"]) for (plan,) in rows)
        return execute(database, sql, params)

    monkeypatch.setattr(Database, "execute_sql", explain)
    return seen


_SETTINGS = re.compile(r"\s*((?:SET LOCAL [^;]*;\s*)*)(.*)", re.DOTALL)
_PLANNED = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_query_reads_no_table_whole(plans, bounded_indexes, name):
    for example in EXAMPLES[name]:
        run(example)

    faults = [(sql, fault) for sql, plan in plans for fault in faults_of(plan, bounded_indexes)]
    assert faults == []


def run(example: Example) -> None:
    """Call a query in its scope and undo what it did."""
    with db.atomic() as everything:
        with tenancy.transaction(workspace=example.workspace, user=example.user):
            db.execute_sql(f"SET LOCAL ROLE {example.role}")
            example.call()
        everything.rollback(begin=False)


def faults_of(node: dict[str, Any], bounded_indexes: set[str], *, limited: bool = False) -> Iterator[str]:
    """What in a plan would take ever longer as the tables grow."""
    kind = node["Node Type"]
    limited = limited or kind == "Limit"
    # Reading a page costs 1: a partition without rows has none.
    if kind == "Seq Scan" and node["Relation Name"] not in TINY and node["Total Cost"] >= 1:
        yield f"reads all of {node['Relation Name']}"
    if "Index Name" in node and not (limited or "Index Cond" in node or node["Index Name"] in bounded_indexes):
        yield f"reads all of index {node['Index Name']}"
    parts = node.get("Plans", [])
    if kind == "Sort" and limited and parts[0]["Plan Rows"] > MOST_SORTED:
        yield f"sorts {parts[0]['Plan Rows']} rows to give the first of them"
    for part in parts:
        yield from faults_of(part, bounded_indexes, limited=limited)


def test_every_named_query_has_an_example_for_each_cast():
    named = {
        function
        for module in modules_of_queries()
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }

    for cast in CASTS:
        tried: set[Callable[..., Any]] = {example.query for example in examples(cast)}
        assert named - tried - set(CONDITIONS) == set()


def test_every_prepared_statement_is_among_the_examples(plans):
    for example in (example for some in EXAMPLES.values() for example in some):
        run(example)

    texts = {sql for sql, _ in plans}
    for module in modules_of_queries():
        for name, value in vars(module).items():
            for prepared in value.values() if isinstance(value, dict) else [value]:
                assert not isinstance(prepared, Prepared) or prepared._sql in texts, f"{module.__name__}.{name}"


def test_a_plan_that_reads_a_table_whole_is_seen(plans, bounded_indexes):
    with tenancy.transaction():
        db.execute_sql("SELECT count(*) FROM user_account WHERE display_name = %s", ("Person 1",))
        db.execute_sql("SELECT count(*) FROM session")
        db.execute_sql("SELECT * FROM user_account ORDER BY display_name LIMIT 10")

    faults = [list(faults_of(plan, bounded_indexes)) for _, plan in plans]
    assert faults[0] == ["reads all of user_account"]
    assert faults[1]
    assert faults[2][0].startswith("sorts 20000 rows")
