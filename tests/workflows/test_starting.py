"""Starting executions: keys, places, turns, and what becomes of starts that are refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from google.protobuf import json_format

from server.core import clock, ids
from server.core.db import db
from server.core.models import Event
from server.workflows.language.definition import Concurrency, Definition, RateLimit, Scope
from server.workflows.language.faults import ExpressionFailed, Failure
from server.workflows.models import CachedOutput, Day, Execution, OpenExecution, Slot, StartKey
from server.workflows.service import forgetting, poking, starting
from server.workflows.service.starting import Start, Started
from server.workspaces.models import Workspace
from tests.workflows.factories import make_workflow
from userdata.workflows.v1.workflow_events_pb2 import WorkflowExecuted

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Input:
    """An expression that gives a field of the input."""

    name: str
    text: str = ""

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        if self.name not in values["input"]:
            raise ExpressionFailed(Failure(f"input.{self.name}", "/concurrency/key", "No such key."))
        return values["input"][self.name]

    def needed(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return values


@pytest.fixture
def flow(worker: Workspace) -> UUID:
    """A workflow of Acme's."""
    found: UUID = make_workflow(worker).id
    return found


@pytest.fixture(autouse=True)
def _noon():
    with clock.frozen(NOW):
        yield


def wish(
    workspace: Workspace, flow: UUID, value: Any = None, *, of: Mapping[str, Any] | None = None, **more: Any
) -> Start:
    """A start of a workflow whose definition has `of`."""
    definition = Definition(Scope(()), {}, **(of or {}))
    return Start(workspace.id, flow, 1, definition, {} if value is None else value, **more)


def begin(workspace: Workspace, flow: UUID, value: Any = None, **more: Any) -> Started:
    return starting.start(wish(workspace, flow, value, **more))


def states(flow: UUID) -> list[str]:
    """The states of the open executions, oldest first."""
    rows: Any = OpenExecution.select(OpenExecution.state).where(OpenExecution.workflow_id == flow)
    return [state for (state,) in rows.order_by(OpenExecution.id).tuples()]


def finish(*started: Started) -> list[UUID]:
    """End executions as a runner does; gives those that go on in their places."""
    rows = list(OpenExecution.select().where(OpenExecution.id.in_([one.id for one in started])))
    slots = [
        (row.workspace_id, row.workflow_id, row.concurrency_key) for row in rows if row.concurrency_key is not None
    ]
    starting.hold_slots(slots)
    OpenExecution.delete().where(OpenExecution.id.in_([row.id for row in rows])).execute()
    return starting.release_slots([(flow, key) for _, flow, key in slots])


def limited(on_conflict: str = "QUEUE", limit: int = 1) -> dict[str, Any]:
    """At most one execution a customer."""
    return {"concurrency": Concurrency(Input("customer"), limit, on_conflict)}


ONE, OTHER = {"customer": "one"}, {"customer": "other"}


def test_an_execution_begins_ready_with_what_it_was_asked_for(worker, flow) -> None:
    of = {"timeout": 60.0, "priority": 2}
    cause = {"id": "placed", "event": {"type": "order.placed"}, "time": None}
    more = {"labels": {"team": "a"}, "trigger": "EVENT", "cause": cause, "actor": "usr_1", "trace_parent": "00-1"}
    started = begin(worker, flow, {"n": [1, {"quoted": 'a "b" \\ ö'}]}, of=of, **more)
    assert (started.state, started.repeated, started.error) == ("READY", False, None)
    row = OpenExecution.get_by_id(started.id)
    assert (row.input, row.labels, row.cause) == ({"n": [1, {"quoted": 'a "b" \\ ö'}]}, {"team": "a"}, cause)
    assert (row.trigger, row.priority, row.generation, row.revision, row.depth) == ("EVENT", 2, 1, 1, 0)
    assert (row.actor, row.trace_parent, row.poked, row.pause) == ("usr_1", "00-1", False, False)
    assert row.create_time == started.create_time == ids.time_of(started.id) == NOW
    assert (row.timeout_time, row.ready_time, row.start_time, row.claim) == (NOW + 60 * SECOND, NOW, None, None)


def test_what_a_start_says_comes_before_what_the_definition_says(worker, flow) -> None:
    started = begin(worker, flow, of={"timeout": 60.0, "priority": 2}, priority=5, timeout=SECOND)
    row = OpenExecution.get_by_id(started.id)
    assert (row.priority, row.timeout_time) == (5, NOW + SECOND)


def test_a_batch_costs_one_statement_that_rides_with_the_commit(worker, flow, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    execute = db.execute_sql

    def spy(sql: str, params: Any = None) -> Any:
        asked.append(sql)
        return execute(sql, params)

    monkeypatch.setattr(db, "execute_sql", spy)
    started = starting.start_many([wish(worker, flow, {"n": n}) for n in range(100)])
    assert (len(asked), len(db.scope.deferred)) == (0, 1)
    rows = OpenExecution.select(OpenExecution.id, OpenExecution.input).order_by(OpenExecution.id)
    assert [(row.id, row.input["n"]) for row in rows] == [(one.id, n) for n, one in enumerate(started)]


def test_an_idempotency_key_leads_to_its_first_execution_for_a_day(worker, flow) -> None:
    first = begin(worker, flow, idempotency_key="a")
    again = begin(worker, flow, {"other": True}, idempotency_key="a")
    assert (again.id, again.create_time, again.repeated) == (first.id, first.create_time, True)
    assert begin(worker, flow, idempotency_key="b").id != first.id
    assert begin(worker, make_workflow(worker).id, idempotency_key="a").id != first.id
    with clock.frozen(NOW + timedelta(hours=24)):
        later = begin(worker, flow, idempotency_key="a")
        assert (later.id != first.id, later.repeated) == (True, False)
        assert begin(worker, flow, idempotency_key="a").id == later.id


def test_keys_of_one_batch_meet_each_other_too(worker, flow) -> None:
    of = {"idempotency_key": Input("customer")}
    one, again, other = starting.start_many([wish(worker, flow, value, of=of) for value in (ONE, ONE, OTHER)])
    assert (again.id, again.repeated) == (one.id, True)
    assert (other.id != one.id, len(states(flow))) == (True, 2)


def test_long_keys_and_keys_of_any_type_serve(worker, flow) -> None:
    of = {"idempotency_key": Input("key")}
    for key in ("x" * 5000, 7, {"b": 1, "a": 2}, None, True):
        first, second = begin(worker, flow, {"key": key}, of=of), begin(worker, flow, {"key": key}, of=of)
        assert (first.repeated, second.repeated, second.id) == (False, True, first.id)
    assert StartKey.select().count() == 5


def test_executions_of_one_key_wait_for_each_other_in_their_order(worker, flow) -> None:
    first = begin(worker, flow, ONE, of=limited())
    second = begin(worker, flow, ONE, of=limited())
    third = begin(worker, flow, ONE, of=limited())
    urgent = begin(worker, flow, ONE, of=limited(), priority=1)
    other = begin(worker, flow, OTHER, of=limited())
    assert [one.state for one in (first, second, third, urgent, other)] == ["READY", *["QUEUED"] * 3, "READY"]
    assert finish(first) == [urgent.id]
    assert finish(other) == []
    assert finish(urgent) == [second.id]
    assert OpenExecution.get_by_id(third.id).state == "QUEUED"


def test_a_batch_fills_the_places_there_are(worker, flow) -> None:
    of = limited(limit=3)
    begin(worker, flow, ONE, of=of)
    started = starting.start_many([wish(worker, flow, value, of=of) for value in (ONE, OTHER, ONE, ONE, OTHER)])
    assert [one.state for one in started] == ["READY", "READY", "READY", "QUEUED", "READY"]


def test_all_executions_share_a_place_without_a_key(worker, flow) -> None:
    of = {"concurrency": Concurrency(None, 1)}
    assert [begin(worker, flow, value, of=of).state for value in (ONE, OTHER)] == ["READY", "QUEUED"]
    assert begin(worker, make_workflow(worker).id, ONE, of=of).state == "READY"


def test_a_higher_limit_lets_those_go_that_wait_before_the_new_one(worker, flow) -> None:
    for _ in range(3):
        begin(worker, flow, ONE, of=limited())
    begin(worker, flow, ONE, of=limited(limit=2))
    assert states(flow) == ["READY", "READY", "QUEUED", "QUEUED"]


def test_a_lower_limit_holds_for_those_that_wait(worker, flow) -> None:
    going = [begin(worker, flow, ONE, of=limited(limit=3)) for _ in range(3)]
    begin(worker, flow, ONE, of=limited(limit=1))
    assert finish(going[0]) == finish(going[1]) == []
    assert len(finish(going[2])) == 1


def test_a_start_without_a_place_is_refused_and_can_be_seen(worker, flow) -> None:
    first = begin(worker, flow, ONE, of=limited("REJECT"))
    refused = begin(worker, flow, ONE, of=limited("REJECT") | {"retention": 3600.0})
    assert refused.state == "FAILED"
    assert refused.error is not None
    assert refused.error.code == "REJECTED"
    row = Execution.get(Execution.id == refused.id)
    assert (row.state, row.input, row.end_time, row.start_time) == ("FAILED", ONE, NOW, None)
    assert (row.error["code"], row.expire_time) == ("REJECTED", NOW + timedelta(hours=1))
    assert row.error["message"].endswith(": 1.")
    assert finish(first) == []
    assert begin(worker, flow, ONE, of=limited("REJECT")).state == "READY"


def test_the_oldest_makes_room_for_the_newest(worker, flow) -> None:
    first = begin(worker, flow, ONE, of=limited("CANCEL_OLDEST", 2))
    OpenExecution.update(state="RUNNING", start_time=NOW).where(OpenExecution.id == first.id).execute()
    second = begin(worker, flow, ONE, of=limited("CANCEL_OLDEST", 2))
    third = begin(worker, flow, ONE, of=limited("CANCEL_OLDEST", 2))
    rows = {row.id: row for row in OpenExecution.select()}
    assert (rows[first.id].cancel_time, rows[first.id].poked, rows[first.id].state) == (NOW, True, "RUNNING")
    assert "newer execution" in rows[first.id].cancel_reason
    assert rows[second.id].cancel_time is None
    assert third.state == "QUEUED"
    assert finish(first) == [third.id]


def test_one_that_never_began_makes_room_at_once(worker, flow) -> None:
    first = begin(worker, flow, ONE, of=limited("CANCEL_OLDEST"))
    second = begin(worker, flow, ONE, of=limited("CANCEL_OLDEST"))
    assert second.state == "QUEUED"
    assert finish(first) == [second.id]


def test_of_a_batch_that_is_too_large_the_newest_stay(worker, flow) -> None:
    wishes = [wish(worker, flow, ONE, of=limited("CANCEL_OLDEST")) for _ in range(3)]
    started = starting.start_many(wishes)
    rows = {row.id: row for row in OpenExecution.select()}
    assert [rows[one.id].cancel_time for one in started] == [NOW, NOW, None]
    assert rows[started[0].id].state == rows[started[1].id].state == "READY"
    finish(*started[:2])
    assert OpenExecution.get_by_id(started[2].id).state == "READY"


def test_starts_beyond_the_rate_wait_for_their_turns(worker, flow) -> None:
    of = {"rate_limit": RateLimit(Input("customer"), 2, 10.0)}
    started = starting.start_many([wish(worker, flow, ONE, of=of) for _ in range(4)])
    assert [one.state for one in started] == ["READY", "READY", "WAITING", "WAITING"]
    dues = [OpenExecution.get_by_id(one.id).due_time for one in started]
    assert dues == [NOW, NOW, NOW + 5 * SECOND, NOW + 10 * SECOND]
    assert begin(worker, flow, OTHER, of=of).state == "READY"
    with clock.frozen(NOW + 14 * SECOND):
        assert begin(worker, flow, ONE, of=of).state == "WAITING"
    with clock.frozen(NOW + 30 * SECOND):
        assert [begin(worker, flow, ONE, of=of).state for _ in range(3)] == ["READY", "READY", "WAITING"]


def test_one_that_leaves_the_queue_waits_for_its_turn_still(worker, flow) -> None:
    of = limited() | {"rate_limit": RateLimit(Input("customer"), 1, 10.0)}
    first, second = begin(worker, flow, ONE, of=of), begin(worker, flow, ONE, of=of)
    assert finish(first) == [second.id]
    assert OpenExecution.get_by_id(second.id).state == "WAITING"


def test_one_that_was_paused_in_the_queue_stays_so(worker, flow) -> None:
    first, second = begin(worker, flow, ONE, of=limited()), begin(worker, flow, ONE, of=limited())
    poking.pause([second.id])
    assert finish(first) == [second.id]
    assert OpenExecution.get_by_id(second.id).state == "PAUSED"


SCHEMA = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "input_schema"),
        ({"n": "one"}, "input_schema"),
        ([1], "not a JSON object"),
        ({"n": 1, "x": float("nan")}, "not JSON"),
        ({"n": 1, "x": "a\0b"}, "U+0000"),
        ({"n": 1, "x": "y" * (1 << 20)}, "characters"),
    ],
)
def test_input_that_does_not_fit_is_refused(worker, flow, value: Any, words: str) -> None:
    refused = begin(worker, flow, value, of={"input_schema": SCHEMA})
    row = Execution.get(Execution.id == refused.id)
    assert (row.state, row.error["code"]) == ("FAILED", "INPUT_INVALID")
    assert words in row.error["message"]
    assert states(flow) == []


def test_input_that_fits_is_taken(worker, flow) -> None:
    assert begin(worker, flow, {"n": 1}, of={"input_schema": SCHEMA}).state == "READY"


def test_a_key_without_a_value_is_told_of(worker, flow) -> None:
    refused = begin(worker, flow, {}, of=limited())
    error = Execution.get(Execution.id == refused.id).error
    assert (error["code"], error["details"]["expression"]) == ("EXPRESSION_FAILED", "input.customer")
    assert Slot.select().count() == 0


def test_a_chain_has_an_end(worker, flow) -> None:
    assert begin(worker, flow, depth=10).state == "READY"
    refused = begin(worker, flow, depth=11)
    assert refused.error is not None
    assert refused.error.code == "DEPTH_LIMIT"


def test_a_refusal_is_announced_and_counted(worker, flow) -> None:
    begin(worker, flow, ONE, of=limited("REJECT"))
    facts = {"workflow": {"name": "billing"}}
    refused = [begin(worker, flow, ONE, of=limited("REJECT"), facts=facts, labels={"a": "b"}) for _ in range(2)]
    [first, second] = Event.select().where(Event.type == "workflow.executed").order_by(Event.id)
    assert [first.subject, second.subject] == [ids.encode("exe", one.id) for one in refused]
    told = json_format.ParseDict(first.data, WorkflowExecuted())
    assert (told.execution_id, told.workflow_id) == (first.subject, ids.encode("wf", flow))
    assert (told.workflow_name, told.state, told.error_code) == ("billing", "FAILED", "REJECTED")
    assert (dict(told.labels), told.end_time.ToDatetime(UTC)) == ({"a": "b"}, NOW)
    [day] = Day.select()
    assert (day.day, day.failed, day.succeeded, sum(day.latencies)) == (NOW.date(), 2, 0, 0)


def test_chains_that_are_too_long_are_not_announced(worker, flow) -> None:
    begin(worker, flow, depth=11)
    assert Event.select().where(Event.type == "workflow.executed").count() == 0


def test_refusals_do_not_hold_up_the_others_of_a_batch(worker, flow) -> None:
    wanted: list[Any] = [{}, ONE, [], OTHER]
    started = starting.start_many([wish(worker, flow, value, of=limited()) for value in wanted])
    assert [one.state for one in started] == ["FAILED", "READY", "FAILED", "READY"]


def test_what_is_past_its_use_is_forgotten(worker, flow) -> None:
    going = begin(worker, flow, ONE, of=limited(), idempotency_key="a")
    finish(begin(worker, flow, OTHER, of=limited()))
    later = NOW + timedelta(days=2)
    output: dict[str, Any] = {"workspace_id": worker.id, "output": {}}
    CachedOutput.insert(key=b"old", expire_time=later - SECOND, **output).returning().execute()
    CachedOutput.insert(key=b"new", expire_time=later + SECOND, **output).returning().execute()
    with clock.frozen(later):
        begin(worker, flow, {"customer": "third"}, of=limited(), idempotency_key="b")
        assert forgetting.forget_expired(10) == 3
        assert forgetting.forget_expired(10) == 0
    assert sorted(slot.key for slot in Slot.select()) == ["one", "third"]
    assert [key.key for key in StartKey.select()] == ["b"]
    assert [bytes(row.key) for row in CachedOutput.select()] == [b"new"]
    assert finish(going) == []
