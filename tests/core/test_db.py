"""Scopes, lost connections and row-level security, on a real Postgres."""

import copy
import pickle
from uuid import UUID

import peewee
import pytest

from server.core import events, ids, jobs, tenancy
from server.core.db import Prepared, Slot, db
from server.core.errors import Unavailable
from server.core.models import Event
from tests.support.database import as_owner
from udb.embedded import Postgres
from userdata.api.v1.change_pb2 import Change
from userdata.webhooks.v1.webhook_events_pb2 import WebhookTest


def publish(workspace):
    events.publish("webhook.test", WebhookTest(), subject="thing_1", workspace=workspace)


def change(workspace):
    publish(workspace)
    db.execute_sql("SELECT 'and wait for it'")


def seen_in(workspace):
    with tenancy.reading(workspace=workspace):
        return Event.select().count()


def end_connections(postgres: Postgres) -> None:
    with as_owner(postgres.url) as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tests'")


def statements(postgres: Postgres, block) -> list[str]:
    """The texts that reach the server while `block` runs."""
    sent: list[str] = []

    def note(event):
        sent.append(event.sql)

    db.query_hooks.append(note)
    try:
        block()
    finally:
        db.query_hooks.remove(note)
    return sent


def test_a_transaction_leaves_all_or_nothing(committed):
    workspace = ids.new()
    with pytest.raises(ZeroDivisionError), tenancy.transaction(workspace=workspace):
        publish(workspace)
        raise ZeroDivisionError
    assert seen_in(workspace) == 0
    with tenancy.transaction(workspace=workspace):
        publish(workspace)
    assert seen_in(workspace) == 1


def test_a_forgotten_where_returns_nothing_of_another_tenant(committed):
    mine, yours = ids.new(), ids.new()
    for workspace in (mine, yours, yours):
        with tenancy.transaction(workspace=workspace):
            publish(workspace)
    assert (seen_in(mine), seen_in(yours), seen_in(None), seen_in(ids.new())) == (1, 2, 0, 0)


def test_a_row_cannot_be_written_into_another_tenant(committed):
    with pytest.raises(Exception, match="row-level security"), tenancy.transaction(workspace=ids.new()):
        publish(ids.new())


def test_settings_ride_on_the_first_statement_and_do_not_leak(committed):
    workspace = ids.new()

    def two_statements():
        with tenancy.transaction(workspace=workspace):
            db.execute_sql("SELECT 1")
            db.execute_sql("SELECT 2")

    first, second = statements(committed, two_statements)
    assert first.startswith(f"BEGIN;SET LOCAL app.workspace_id='{workspace}'")
    assert second == "SELECT 2"
    assert db.execute_sql("SELECT current_setting('app.workspace_id', true)").fetchone()[0] in (None, "")


def test_what_nobody_waits_for_goes_with_the_commit(committed):
    workspace, other = ids.new(), ids.new()

    def two_events():
        with tenancy.transaction(workspace=workspace):
            publish(workspace)
            tenancy.enter(other)
            publish(other)

    (only,) = statements(committed, two_events)
    assert only.startswith("BEGIN;")
    assert only.endswith(";COMMIT")
    assert (seen_in(workspace), seen_in(other)) == (1, 1)


def test_what_nobody_waits_for_goes_before_the_next_statement(committed):
    workspace = ids.new()
    with tenancy.transaction(workspace=workspace):
        publish(workspace)
        assert db.execute_sql("SELECT count(*) FROM event WHERE type LIKE '%test'").fetchone() == (1,)


def test_a_deferred_statement_that_fails_takes_its_transaction_with_it(committed):
    workspace = ids.new()
    with pytest.raises(peewee.IntegrityError), tenancy.transaction(workspace=workspace):
        publish(workspace)
        for _ in range(2):
            insert = "INSERT INTO event_sequence VALUES (%s, 'a', 1)"
            db.defer(insert, (workspace,))
    assert seen_in(workspace) == 0
    assert not db.in_transaction()


def test_deferred_statements_are_undone_with_their_savepoint(committed):
    workspace = ids.new()
    with tenancy.transaction(workspace=workspace):
        publish(workspace)
        with db.atomic() as savepoint:
            publish(workspace)
            savepoint.rollback()
    assert seen_in(workspace) == 1


def test_an_empty_transaction_costs_no_round_trip(committed):
    def nothing():
        with tenancy.transaction():
            pass

    assert statements(committed, nothing) == []


def test_a_read_is_one_round_trip(committed):
    assert len(statements(committed, lambda: seen_in(ids.new()))) == 1


def test_enter_goes_on_in_another_workspace(committed):
    workspace = ids.new()
    with tenancy.transaction():
        tenancy.enter(workspace)
        publish(workspace)
    assert seen_in(workspace) == 1


def test_a_connection_lost_while_idle_is_not_noticed(committed):
    workspace = ids.new()
    assert seen_in(workspace) == 0
    end_connections(committed)
    with tenancy.transaction(workspace=workspace):
        publish(workspace)
    end_connections(committed)
    assert seen_in(workspace) == 1


def test_a_connection_lost_within_a_transaction_leaves_nothing(committed):
    workspace = ids.new()
    with pytest.raises(Unavailable), tenancy.transaction(workspace=workspace):
        change(workspace)
        end_connections(committed)
        change(workspace)
    with pytest.raises(Unavailable), tenancy.transaction(workspace=workspace):
        change(workspace)
        end_connections(committed)
    with pytest.raises(Unavailable), tenancy.transaction(workspace=workspace):
        change(workspace)
        end_connections(committed)
        tenancy.enter(workspace)
        change(workspace)
    assert seen_in(workspace) == 0
    assert not db.in_transaction()


def test_no_statement_runs_outside_its_broken_transaction(committed):
    workspace = ids.new()

    def stubborn():
        with tenancy.transaction(workspace=workspace):
            change(workspace)
            end_connections(committed)
            for _ in range(2):
                with pytest.raises(Unavailable):
                    change(workspace)

    with pytest.raises(Unavailable):
        stubborn()
    assert seen_in(workspace) == 0


def test_a_job_and_its_cause_commit_together(committed):
    with pytest.raises(ZeroDivisionError), tenancy.transaction():
        jobs.enqueue(Change())
        raise ZeroDivisionError
    with tenancy.transaction():
        jobs.enqueue(Change())
    with as_owner(committed.url) as cursor:
        cursor.execute("SELECT type, state FROM job")
        assert cursor.fetchall() == [("userdata.api.v1.Change", "READY")]


def test_the_app_may_not_read_jobs(database):
    with pytest.raises(Exception, match="permission denied"), tenancy.transaction():
        db.execute_sql("SELECT * FROM job")


def test_ids_are_read_as_they_are(database):
    one, other = ids.new(), UUID(int=5)
    (row,) = db.execute_sql("SELECT %s, NULL::uuid, ARRAY[%s, NULL, %s]", (one, one, other)).fetchall()
    assert row == (one, None, [one, None, other])
    assert hash(row[0]) == hash(one)
    assert pickle.loads(pickle.dumps(row[0])) == copy.copy(row[0]) == one  # noqa: S301 - our own


def test_a_prepared_statement_builds_its_text_once(database):
    built = []

    def build():
        built.append(1)
        return Event.select(Event.type).where((Event.workspace_id == Slot("workspace")) & (Event.actor == "system"))

    statement = Prepared(build)
    workspace = ids.new()
    with tenancy.transaction(workspace=workspace):
        publish(workspace)
        assert statement.rows(workspace=workspace) == [("webhook.test",)]
        assert statement.row(workspace=ids.new()) is None
    assert built == [1]


def test_a_prepared_statement_outlives_its_connection(committed):
    statement = Prepared(lambda: Event.select(Event.type).where(Event.workspace_id == Slot("workspace")))
    workspace = ids.new()
    with tenancy.transaction(workspace=workspace):
        publish(workspace)
    for _ in range(3):
        end_connections(committed)
        with tenancy.reading(workspace=workspace):
            assert statement.rows(workspace=workspace) == [("webhook.test",)]


def test_a_prepared_statement_outlives_a_failure(committed):
    statement = Prepared(lambda: peewee.Select(columns=[peewee.fn.div(6, Slot("by"))]).bind(db))
    for by in (0, 3, 0, 2):
        with tenancy.reading():
            if by == 0:
                with pytest.raises(peewee.DataError):
                    statement.rows(by=by)
            else:
                assert statement.rows(by=by) == [(6 // by,)]
