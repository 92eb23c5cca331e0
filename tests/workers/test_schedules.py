"""The scheduler's processes start workflows to the second, once each, whoever of them dies."""

from datetime import datetime, timedelta

from server.core import tenancy
from tests.accounts.factories import make_person
from tests.support.database import as_owner
from tests.support.wait import until
from tests.workflows.factories import arm, make_workflow
from tests.workspaces.factories import make_workspace

STEPS = [{"id": "done", "type": "transform", "with": {"output": 1}}]
SECOND = timedelta(seconds=1)


def every_second():
    """A committed workflow that starts each second."""
    trigger = {"id": "clock", "schedule": {"cron": "* * * * * *", "overlap": "ALLOW", "catch_up": "ALL"}}
    with tenancy.transaction():
        workflow = make_workflow(make_workspace(make_person()), {"triggers": [trigger], "steps": STEPS})
        arm(workflow)
    return workflow


def times(url):
    """For when executions were due, and by how many seconds they were late."""
    with as_owner(url) as cursor:
        cursor.execute("SELECT cause->>'time', create_time FROM workflow_open_execution ORDER BY 1")
        rows = [(datetime.fromisoformat(due), created) for due, created in cursor.fetchall()]
    return [due for due, _ in rows], [(created - due).total_seconds() for due, created in rows]


def test_each_second_is_started_once_though_schedulers_die(committed, start):
    every_second()
    victim, other = start("scheduler"), start("scheduler")
    until(lambda: len(times(committed.url)[0]) >= 2, within=60)
    victim.kill()
    other.kill()
    seen = len(times(committed.url)[0])
    heir = start("scheduler")
    until(lambda: len(times(committed.url)[0]) >= seen + 3, within=60)
    assert heir.terminate() == 0
    due, late = times(committed.url)
    assert due == [due[0] + number * SECOND for number in range(len(due))]
    assert min(late) >= 0
    assert min(late[-2:]) < 1
