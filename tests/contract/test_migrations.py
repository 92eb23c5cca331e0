"""The schema: the same for migrations and models, the same after down and up again, and closed where it must be."""

import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from peewee import PostgresqlDatabase

from migrations.run import migrate, rollback, status
from server.core.models import EnumField
from tests.support.database import as_owner
from udb.embedded import Postgres
from udb.embedded.postgres import tool
from udb.schema import catalogue
from udb.schema.catalogue import Table
from udb.schema.rooms import models

ROLES = ["userdata_app", "userdata_worker"]


@pytest.fixture(scope="module")
def empty_database(postgres: Postgres) -> Iterator[Callable[[], str]]:
    """Makes databases beside the product's own; gives the URL of a new one."""
    names = []

    def make() -> str:
        names.append(f"scratch_{secrets.token_hex(4)}")
        with as_owner(postgres.url) as cursor:
            cursor.execute(f"CREATE DATABASE {names[-1]}")
        return postgres.database_url(names[-1])

    yield make
    with as_owner(postgres.url) as cursor:
        for name in names:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def tables(postgres: Postgres) -> dict[str, Table]:
    """The tables that the migrations make."""
    return {table.name: table for table in catalogue.read(postgres.url)}


@pytest.fixture(scope="module")
def modelled(empty_database: Callable[[], str]) -> dict[str, Table]:
    """The tables that Peewee makes of the models."""
    url = empty_database()
    database = PostgresqlDatabase(url)
    ours = list(models().values())
    with closing(database), database.bind_ctx(ours, bind_refs=False, bind_backrefs=False):
        database.create_tables(ours)
    return {table.name: table for table in catalogue.read(url)}


def test_every_table_has_a_model_and_every_model_a_table(tables, modelled):
    assert sorted(tables) == sorted(modelled)


def test_models_have_the_columns_of_their_tables_with_type_and_nullability(tables, modelled):
    def columns(some: dict[str, Table]) -> dict[str, dict[str, tuple[str, bool]]]:
        return {table.name: {c.name: (c.type, c.nullable) for c in table.columns} for table in some.values()}

    assert columns(modelled) == columns(tables)


def test_models_have_the_primary_keys_of_their_tables(tables, modelled):
    def keys(some: dict[str, Table]) -> dict[str, tuple[str, ...]]:
        return {table.name: table.primary_key for table in some.values()}

    assert keys(modelled) == keys(tables)


def test_models_have_the_foreign_keys_of_their_tables(tables, modelled):
    def keys(some: dict[str, Table]) -> dict[str, set[tuple[object, ...]]]:
        return {
            table.name: {(key.columns, key.table, key.targets, key.on_delete) for key in table.foreign_keys}
            for table in some.values()
        }

    assert keys(modelled) == keys(tables)


def test_enumerated_fields_and_checks_have_the_same_words(tables):
    enumerated = {
        (name, field.column_name): field.words
        for name, model in models().items()
        for field in model._meta.sorted_fields
        if isinstance(field, EnumField)
    }
    checked = {(t.name, check.columns[0]): check.words for t in tables.values() for check in t.checks if check.words}

    assert enumerated == checked


def test_each_migration_reverts_what_it_did(empty_database):
    url = empty_database()
    names = [step.name for step in status(url)]
    dumps = [_dump(url)]
    for name in names:
        assert migrate(url, name) == [name]
        dumps.append(_dump(url))

    for name in reversed(names):
        assert _dump(url) == dumps.pop()
        assert rollback(url) == [name]

    assert _dump(url) == dumps.pop()


def test_down_to_nothing_and_up_again_gives_the_same_schema(empty_database):
    url = empty_database()
    applied = migrate(url)
    before = _dump(url)

    assert rollback(url, applied[0]) == applied[::-1]
    assert catalogue.read(url) == []
    assert migrate(url) == applied
    assert _dump(url) == before


def test_migrating_again_changes_nothing(empty_database):
    url = empty_database()
    migrate(url)

    assert migrate(url) == []


@pytest.mark.parametrize("role", ROLES)
def test_roles_of_the_product_may_nothing_by_themselves(postgres, role):
    with as_owner(postgres.url) as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb, rolreplication"
            " FROM pg_roles WHERE rolname = %s",
            (role,),
        )
        assert not any(cursor.fetchone())
        cursor.execute(
            "SELECT pg_describe_object(classid, objid, objsubid) FROM pg_shdepend"
            " WHERE deptype = 'o' AND refclassid = 'pg_authid'::regclass AND refobjid = %s::regrole",
            (role,),
        )
        assert cursor.fetchall() == []
        cursor.execute("SELECT has_schema_privilege(%s, 'public', 'CREATE')", (role,))
        assert cursor.fetchone() == (False,)


def test_roles_of_the_product_inherit_from_no_other(postgres):
    with as_owner(postgres.url) as cursor:
        cursor.execute(
            "SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members"
            " WHERE member::regrole::text = ANY (%s)",
            (ROLES,),
        )
        assert cursor.fetchall() == [("userdata_worker", "userdata_app")]


def test_row_security_binds_everybody_on_every_table_of_a_workspace(tables):
    owned = [t for t in tables.values() if t.name == "workspace" or any(c.name == "workspace_id" for c in t.columns)]

    assert {table.name for table in owned} >= {"workspace", "member", "invitation", "event"}
    for table in owned:
        assert (table.row_security, table.forced) == (True, True), table.name
        tenant = [p for p in table.policies if p.roles == ("userdata_app",) and p.command == "ALL"]
        assert [policy.using for policy in tenant] == [
            "id = app_workspace()" if table.name == "workspace" else "workspace_id = app_workspace()"
        ], table.name


def test_row_security_is_never_half_on(tables):
    for table in tables.values():
        assert table.row_security == table.forced == bool(table.policies), table.name


def test_policies_speak_to_roles_of_the_product_only(tables):
    for table in tables.values():
        assert {role for policy in table.policies for role in policy.roles} <= set(ROLES), table.name


def test_no_table_is_granted_to_anybody_else(tables):
    for table in tables.values():
        assert set(table.grants) <= set(ROLES), table.name


def test_partitions_can_be_reached_through_their_table_only(postgres):
    """Policies of a partitioned table do not bind those who ask a partition itself."""
    with as_owner(postgres.url) as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class, unnest(%s) AS role WHERE relispartition AND relkind = 'r'"
            " AND has_table_privilege(role, oid, 'SELECT, INSERT, UPDATE, DELETE')",
            (ROLES,),
        )
        assert cursor.fetchall() == []


def test_functions_with_rights_of_their_owner_are_not_for_everybody(postgres):
    with as_owner(postgres.url) as cursor:
        cursor.execute(
            "SELECT proname, has_function_privilege('public', oid, 'EXECUTE'), proconfig::text LIKE '%search_path=%'"
            " FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
        )
        for name, is_public, has_search_path in cursor.fetchall():
            assert (is_public, has_search_path) == (False, True), name


def test_deleting_never_scans_for_rows_that_refer_to_the_deleted(tables):
    deletable = {table.name for table in tables.values() if any("DELETE" in rights for rights in table.grants.values())}
    keys = [(table, key) for table in tables.values() for key in table.foreign_keys if key.table in deletable]

    assert keys
    for table, key in keys:
        serving = [i for i in table.indexes if not i.predicate and set(i.keys[: len(key.columns)]) == set(key.columns)]
        assert serving, f"{table.name} ({', '.join(key.columns)})"


def _dump(url: str) -> list[str]:
    """The schema as pg_dump writes it, without the history of migrations and the partitions of particular days."""
    command = [
        str(tool("pg_dump")),
        "--schema-only",
        "--exclude-table=schema_migration*",
        "--exclude-table=event_2*",
        url,
    ]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # \restrict and \unrestrict carry a word that is new in each dump.
    return [line for line in text.splitlines() if line and not line.startswith(("--", "\\"))]
