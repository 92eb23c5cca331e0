"""Schedules start on time, once, and make up for what was missed as they say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.core import clock, tenancy
from server.core.db import db
from server.workflows.language.cron import Schedule
from server.workflows.models import Execution, OpenExecution, Trigger, Version, Workflow
from server.workflows.service import schedules, starting
from server.workspaces.models import Workspace
from tests.accounts.factories import make_person
from tests.support import parallel
from tests.workflows.factories import arm, make_workflow
from tests.workspaces.factories import make_workspace
from udb.embedded import Postgres
from workers.schedules import Schedules

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
STEPS = [{"id": "done", "type": "transform", "with": {"output": 1}}]


def scheduled(workspace: Workspace, cron: str, *, at: datetime = NOON, input: Any = None, **schedule: Any) -> Workflow:  # noqa: A002
    """An active workflow with a schedule that was saved at `at`."""
    trigger = {"id": "clock", "schedule": {"cron": cron, **schedule}} | ({} if input is None else {"input": input})
    workflow = make_workflow(workspace, {"triggers": [trigger], "steps": STEPS, "timeout": "1h"})
    with clock.frozen(at):
        arm(workflow)
    return workflow


def run(at: datetime) -> int:
    """Start what is due at `at`; gives how many schedules were."""
    with clock.frozen(at):
        return schedules.start_due(100)


def times(workflow: Workflow) -> list[datetime]:
    """For when its executions were due."""
    rows = OpenExecution.select().where(OpenExecution.workflow_id == workflow.id).order_by(OpenExecution.id)
    return [datetime.fromisoformat(row.cause["time"]) for row in rows]


def next_time(workflow: Workflow) -> datetime | None:
    """When it is due next."""
    found: datetime | None = Trigger.get(Trigger.workflow == workflow.id).next_time
    return found


def finish_all() -> None:
    """End what is open."""
    OpenExecution.delete().execute()


def test_a_schedule_starts_when_it_is_due_and_once(worker) -> None:
    workflow = scheduled(worker, "30 * * * *", input={"at": "${trigger.time}", "by": "${workflow.name}"})
    assert run(NOON + 30 * MINUTE - SECOND) == 0
    assert run(NOON + 30 * MINUTE) == 1
    assert run(NOON + 30 * MINUTE) == 0
    [row] = OpenExecution.select().where(OpenExecution.workflow_id == workflow.id)
    assert (row.trigger, row.actor, row.state) == ("SCHEDULE", "system", "READY")
    assert row.cause == {"id": "clock", "event": None, "time": "2026-03-02T12:30:00Z"}
    assert row.input == {"at": "2026-03-02T12:30:00Z", "by": workflow.name}
    trigger = Trigger.get(Trigger.workflow == workflow.id)
    assert (trigger.last_time, trigger.last_execution_id) == (NOON + 30 * MINUTE, row.id)
    assert trigger.next_time == NOON + HOUR + 30 * MINUTE


def test_each_second_starts_one_though_several_are_found_at_once(worker) -> None:
    workflow = scheduled(worker, "* * * * * *", overlap="ALLOW")
    run(NOON + 3 * SECOND)
    run(NOON + 5 * SECOND + timedelta(milliseconds=900))
    assert times(workflow) == [NOON + number * SECOND for number in (1, 2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({"catch_up": "NONE"}, []),
        ({"catch_up": "LAST"}, [16]),
        ({}, [16]),
        ({"catch_up": "ALL"}, [13, 14, 15, 16]),
        ({"catch_up": "ALL", "catch_up_limit": 2}, [15, 16]),
    ],
)
def test_what_an_outage_missed_is_made_up_for_as_the_trigger_says(
    worker, schedule: dict[str, Any], expected: list[int]
) -> None:
    workflow = scheduled(worker, "0 * * * *", overlap="ALLOW", **schedule)
    assert run(NOON + 4 * HOUR + 30 * MINUTE) == 1
    assert times(workflow) == [NOON.replace(hour=hour) for hour in expected]
    assert next_time(workflow) == NOON + 5 * HOUR
    assert run(NOON + 5 * HOUR) == 1
    assert times(workflow)[len(expected) :] == [NOON + 5 * HOUR]


def test_what_is_due_now_comes_besides_what_was_missed(worker) -> None:
    for catch_up, expected in (("NONE", [15]), ("LAST", [14, 15]), ("ALL", [13, 14, 15])):
        workflow = scheduled(worker, "0 * * * *", overlap="ALLOW", catch_up=catch_up)
        run(NOON + 3 * HOUR + 2 * SECOND)
        assert times(workflow) == [NOON.replace(hour=hour) for hour in expected]


def test_a_long_outage_of_a_frequent_schedule_is_soon_over(worker, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    following = Schedule.next

    def spy(schedule: Schedule, after: datetime) -> datetime | None:
        asked.append(after)
        return following(schedule, after)

    workflow = scheduled(worker, "* * * * * *", overlap="ALLOW", catch_up="ALL", catch_up_limit=5)
    monkeypatch.setattr(Schedule, "next", spy)
    end = NOON + timedelta(days=365)
    run(end)
    assert times(workflow) == [end - number * SECOND for number in range(15, -1, -1)]
    assert len(asked) < 200


def test_an_outage_of_a_rare_schedule_is_looked_back_upon_to_its_beginning() -> None:
    daily = Schedule("0 2 * * *", "Europe/Berlin")
    since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    found = schedules.missed(daily, since=since, until=until, most=1000)
    assert (len(found), found[0], found[-1]) == (91, since + HOUR, until)
    assert schedules.missed(daily, since=since, until=until, most=3) == found[-3:]


def test_one_that_still_goes_on_is_not_overlapped(worker) -> None:
    workflow = scheduled(worker, "0 * * * *", overlap="SKIP", catch_up="ALL")
    run(NOON + HOUR)
    run(NOON + 2 * HOUR)
    assert times(workflow) == [NOON + HOUR]
    assert next_time(workflow) == NOON + 3 * HOUR
    finish_all()
    run(NOON + 5 * HOUR)
    assert times(workflow) == [NOON + 5 * HOUR]


def test_those_that_may_overlap_go_side_by_side(worker) -> None:
    workflow = scheduled(worker, "0 * * * *", overlap="ALLOW")
    for number in (1, 2):
        run(NOON + number * HOUR)
    assert [row.state for row in OpenExecution.select()] == ["READY", "READY"]
    assert times(workflow) == [NOON + HOUR, NOON + 2 * HOUR]


def test_those_that_queue_go_one_after_the_other(worker) -> None:
    workflow = scheduled(worker, "0 * * * *", overlap="QUEUE")
    for number in (1, 2, 3):
        run(NOON + number * HOUR)
    rows = list(OpenExecution.select().order_by(OpenExecution.id))
    assert [row.state for row in rows] == ["READY", "QUEUED", "QUEUED"]
    key = rows[0].concurrency_key
    assert key is not None
    starting.hold_slots([(worker.id, workflow.id, key)])
    OpenExecution.delete().where(OpenExecution.id == rows[0].id).execute()
    assert starting.release_slots([(workflow.id, key)]) == [rows[1].id]


def test_a_time_that_clocks_skip_or_repeat_is_run_once(worker) -> None:
    spring = scheduled(worker, "30 2 * * *", at=datetime(2026, 3, 28, 12, tzinfo=UTC), time_zone="Europe/Berlin")
    assert next_time(spring) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    run(datetime(2026, 3, 29, 1, 0, tzinfo=UTC))
    assert next_time(spring) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)
    assert times(spring) == [datetime(2026, 3, 29, 1, 0, tzinfo=UTC)]
    autumn = scheduled(worker, "30 2 * * *", at=datetime(2026, 10, 24, 12, tzinfo=UTC), time_zone="Europe/Berlin")
    run(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    run(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    assert times(autumn) == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
    assert next_time(autumn) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_a_clock_that_is_set_back_starts_nothing_again(worker) -> None:
    workflow = scheduled(worker, "0 * * * *", overlap="ALLOW")
    run(NOON + HOUR)
    assert run(NOON + HOUR - 10 * MINUTE) == 0
    assert run(NOON + HOUR) == 0
    assert run(NOON + 2 * HOUR) == 1
    assert times(workflow) == [NOON + HOUR, NOON + 2 * HOUR]


def test_a_paused_schedule_rests(worker) -> None:
    workflow = scheduled(worker, "0 * * * *")
    Workflow.update(paused_triggers=["clock"]).where(Workflow.id == workflow.id).execute()
    arm(workflow)
    assert next_time(workflow) is None
    assert run(NOON + timedelta(days=1)) == 0


def test_a_schedule_that_is_over_is_never_due_again(worker) -> None:
    workflow = scheduled(worker, "0 0 31 12 *", at=datetime(9999, 12, 30, tzinfo=UTC))
    run(datetime(9999, 12, 31, tzinfo=UTC))
    assert next_time(workflow) is None


def test_an_input_without_a_value_is_seen(worker) -> None:
    workflow = scheduled(
        worker, "0 * * * *", input={"n": "${1 / int(trigger.time.getHours() - trigger.time.getHours())}"}
    )
    run(NOON + HOUR)
    row = Execution.get(Execution.workflow_id == workflow.id)
    assert (row.state, row.error["code"]) == ("FAILED", "EXPRESSION_FAILED")
    assert next_time(workflow) == NOON + 2 * HOUR


def test_a_definition_that_cannot_be_read_is_seen_once_and_holds_up_nobody(worker) -> None:
    broken, sound = scheduled(worker, "0 * * * *"), scheduled(worker, "0 * * * *")
    Version.update(definition={"steps": 1}, number=2).where(Version.workflow == broken.id).execute()
    Trigger.update(version=2).where(Trigger.workflow == broken.id).execute()
    assert run(NOON + HOUR) == 2
    assert Execution.get(Execution.workflow_id == broken.id).error["code"] == "DEFINITION_INVALID"
    assert next_time(broken) is None
    assert times(sound) == [NOON + HOUR]


def test_schedulers_at_once_start_each_schedule_once(committed: Postgres) -> None:
    with tenancy.transaction():
        workspace = make_workspace(make_person())
        workflows = [scheduled(workspace, "0 * * * *") for _ in range(20)]
    db.execute_sql("SET ROLE userdata_worker")
    try:
        with clock.frozen(NOON + HOUR):
            parallel.times(4, _turn)
        assert [times(workflow) for workflow in workflows] == [[NOON + HOUR]] * 20
    finally:
        db.execute_sql("SET ROLE userdata_app")


def _turn() -> None:
    db.execute_sql("SET ROLE userdata_worker")
    try:
        assert Schedules().turn() <= 1
    finally:
        db.close()


def test_the_next_turn_is_when_the_next_is_due(worker) -> None:
    scheduled(worker, "0 * * * *")
    for left, expected in ((HOUR, 1.0), (timedelta(milliseconds=300), 0.3), (timedelta(milliseconds=1), 0.02)):
        with clock.frozen(NOON + HOUR - left):
            assert Schedules().turn() == pytest.approx(expected)
