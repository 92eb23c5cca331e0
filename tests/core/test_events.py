"""Publishing as the database shows it afterwards: rows, sequences, dedupe keys, and what races leave."""

import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import clock, events, ids, tenancy
from server.core.db import db
from server.core.events import DedupeKeyReused, Draft
from tests.support.database import as_owner
from userdata.accounts.v1.account_events_pb2 import UserCreated
from userdata.workspaces.v1.workspace_events_pb2 import WorkspaceCreated

_numbers = itertools.count(1)
PAYLOAD = WorkspaceCreated()


def draft(**values):
    defaults = {"type": "order.paid", "subject": "order/1", "data": '{"amount": 1}'}
    return Draft(**(defaults | values))


def log(workspace):
    """The events of a workspace in the order of their ids, as dictionaries."""
    tenancy.enter(workspace)
    cursor = db.execute_sql("SELECT * FROM event WHERE workspace_id = %s ORDER BY id", (workspace,))
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture
def acme(database):
    workspace = ids.new()
    tenancy.enter(workspace)
    return workspace


def test_an_event_has_one_moment(acme):
    with clock.frozen(datetime(2026, 11, 22, 1, 2, 3, 456_789, tzinfo=UTC)):
        event_id = events.publish("workspace.created", PAYLOAD, subject="ws_1", workspace=acme)
    (row,) = log(acme)
    assert row["id"] == event_id
    assert row["create_time"] == ids.time_of(event_id) == datetime(2026, 11, 22, 1, 2, 3, 456_000, tzinfo=UTC)


def test_everything_that_was_said_is_in_the_log(acme):
    events.publish(
        "workspace.created",
        WorkspaceCreated(workspace={"id": "ws_1"}),
        subject="ws_1",
        workspace=acme,
        channels=["eu", "big"],
        ordering_key="ws_1",
        dedupe_key="created-ws_1",
    )
    (row,) = log(acme)
    assert row["type"] == "workspace.created"
    assert row["data"] == {"workspace": {"id": "ws_1"}}
    assert row["channels"] == ["eu", "big"]
    assert (row["ordering_key"], row["sequence"], row["dedupe_key"]) == ("ws_1", 1, "created-ws_1")


def test_an_event_without_a_workspace_waits_for_no_drain(postgres, committed):
    with tenancy.transaction():
        events.publish("user.created", UserCreated(), subject="usr_1")
    with as_owner(postgres.url) as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM event_pending)")
        assert cursor.fetchone() == (1, 0)


@pytest.mark.parametrize("option", [{"channels": ["eu"]}, {"ordering_key": "a"}, {"dedupe_key": "a"}])
def test_an_event_without_a_workspace_has_no_keys(database, option):
    with pytest.raises(ValueError, match="workspace"):
        events.publish("user.created", UserCreated(), subject="usr_1", **option)


def test_what_the_contract_does_not_declare_is_not_published(acme):
    with pytest.raises(ValueError, match="does not say"):
        events.publish("workspace.deleted", PAYLOAD, subject="ws_1", workspace=acme)


@pytest.mark.parametrize("options", [{}, {"ordering_key": "a"}])
@pytest.mark.parametrize("size", [1, 3])
def test_each_event_of_a_workspace_waits_for_the_drain_in_order(postgres, committed, size, options):
    workspace = ids.new()
    with tenancy.transaction(workspace=workspace):
        published = events.publish_many([draft(**options)] * size, workspace=workspace)
    with as_owner(postgres.url) as cursor:
        cursor.execute("SELECT event_id::text, event_time FROM event_pending ORDER BY number")
        assert cursor.fetchall() == [(str(event.id), event.create_time) for event in published]


def test_a_batch_of_nothing_is_nothing(acme):
    assert events.publish_many([], workspace=acme) == []


def test_sequences_follow_the_order_of_the_batch_within_each_key(acme):
    keys = ["b", "a", None, "b", "a", "b"]
    first = events.publish_many([draft(ordering_key=key) for key in keys], workspace=acme)
    second = events.publish_many([draft(ordering_key=key) for key in keys], workspace=acme)
    assert [event.sequence for event in first] == [1, 1, None, 2, 2, 3]
    assert [event.sequence for event in second] == [4, 3, None, 5, 4, 6]
    assert [row["sequence"] for row in log(acme)] == [1, 1, None, 2, 2, 3, 4, 3, None, 5, 4, 6]


def test_a_transaction_that_fails_leaves_no_gap(committed):
    workspace = ids.new()
    with pytest.raises(ZeroDivisionError), tenancy.transaction(workspace=workspace):
        events.publish_many([draft(ordering_key="a")], workspace=workspace)
        raise ZeroDivisionError
    with tenancy.transaction(workspace=workspace):
        (event,) = events.publish_many([draft(ordering_key="a")], workspace=workspace)
    assert event.sequence == 1


def test_repeating_a_dedupe_key_gives_back_the_first_event(acme):
    said = draft(dedupe_key="once", ordering_key="a", channels=("x", "y"))
    (first,) = events.publish_many([said], workspace=acme)
    again = draft(dedupe_key="once", ordering_key="a", channels=("y", "x"), data='{ "amount": 1.0 }')
    (second,) = events.publish_many([again], workspace=acme)
    assert (first.repeated, second.repeated) == (False, True)
    assert (second.id, second.create_time) == (first.id, first.create_time)
    (third,) = events.publish_many([draft(ordering_key="a")], workspace=acme)
    assert third.sequence == 2
    assert len(log(acme)) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"type": "order.sent"},
        {"subject": "order/2"},
        {"data": '{"amount": 2}'},
        {"channels": ("eu",)},
        {"ordering_key": "a"},
    ],
)
def test_a_dedupe_key_cannot_say_something_else(acme, other):
    (first,) = events.publish_many([draft(dedupe_key="once")], workspace=acme)
    with pytest.raises(DedupeKeyReused) as refused:
        events.publish_many([draft(), draft(**(other | {"dedupe_key": "once"}))], workspace=acme)
    assert refused.value.at == (1,)
    assert refused.value.metadata == {"event_id": ids.encode("evt", first.id)}


def test_a_batch_can_repeat_itself(acme):
    same = draft(dedupe_key="once", ordering_key="a")
    one, two, three = events.publish_many([same, same, draft(ordering_key="a")], workspace=acme)
    assert (one.id, one.repeated) == (two.id, False)
    assert two.repeated
    assert (one.sequence, three.sequence) == (1, 2)
    assert len(log(acme)) == 2


def test_dedupe_keys_of_workspaces_have_nothing_to_do_with_each_other(acme):
    (first,) = events.publish_many([draft(dedupe_key="once")], workspace=acme)
    other = ids.new()
    tenancy.enter(other)
    (second,) = events.publish_many([draft(dedupe_key="once", subject="order/2")], workspace=other)
    assert first.id != second.id
    assert not second.repeated


def at_once(count, action):
    """The results of `action(number)` in as many threads, each with a connection of its own."""
    start = threading.Barrier(count)

    def run(number):
        db.execute_sql("SELECT 1")
        start.wait(timeout=30)
        try:
            return action(number)
        finally:
            db.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_fifty_publishers_with_one_dedupe_key_make_one_event(committed):
    workspace = ids.new()

    def publish(_number):
        with tenancy.transaction(workspace=workspace):
            return events.publish_many([draft(dedupe_key="once", ordering_key="a")], workspace=workspace)[0]

    published = at_once(50, publish)
    assert len({event.id for event in published}) == 1
    assert sum(not event.repeated for event in published) == 1
    with tenancy.transaction(workspace=workspace):
        assert [row["sequence"] for row in log(workspace)] == [1]


def test_publishers_of_the_same_keys_in_any_order_never_deadlock_nor_leave_gaps(committed):
    workspace = ids.new()

    def publish(number):
        keys = ["a", "b", "c", "d"]
        order = keys if number % 2 else list(reversed(keys))
        with tenancy.transaction(workspace=workspace):
            for _ in range(5):
                batch = [draft(ordering_key=key, dedupe_key=f"{key}{next(_numbers)}") for key in order]
                events.publish_many(batch, workspace=workspace)

    at_once(1, publish)
    for _ in range(3):
        at_once(8, publish)
    with tenancy.transaction(workspace=workspace):
        rows = log(workspace)
    for key in "abcd":
        assert sorted(row["sequence"] for row in rows if row["ordering_key"] == key) == list(range(1, 126))


def test_within_a_key_the_drain_sees_events_as_their_sequence_runs(postgres, committed):
    workspace = ids.new()

    def publish(_number):
        for _ in range(10):
            with tenancy.transaction(workspace=workspace):
                events.publish_many([draft(ordering_key="a"), draft(ordering_key="a")], workspace=workspace)

    at_once(8, publish)
    with as_owner(postgres.url) as cursor:
        cursor.execute("SELECT sequence FROM event_pending JOIN event ON id = event_id ORDER BY number")
        assert [sequence for (sequence,) in cursor.fetchall()] == list(range(1, 161))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_the_fingerprint_does_not_see_the_order_of_keys_nor_spaces(data):
    def turned(value):
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(item) for item in value] if isinstance(value, list) else value

    spaced = draft(data=json.dumps(turned(data), indent=2))
    assert spaced.fingerprint == draft(data=json.dumps(data)).fingerprint


@given(JSON, JSON)
def test_the_fingerprint_sees_other_data(one, other):
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    one_print, other_print = (draft(data=json.dumps({"a": value})).fingerprint for value in (one, other))
    assert (one_print == other_print) == same


def test_an_event_of_the_past_is_kept_where_its_time_says(acme):
    with clock.advanced(timedelta(days=-400)):
        events.publish("workspace.created", PAYLOAD, subject="ws_1", workspace=acme)
    (row,) = log(acme)
    assert row["create_time"] < datetime.now(UTC) - timedelta(days=399)
