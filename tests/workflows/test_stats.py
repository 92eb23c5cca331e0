"""What a workflow's executions came to, by the day."""

from datetime import UTC, date, datetime

import pytest

from server.core import clock, tenancy
from server.workflows.latency import BUCKETS
from server.workflows.models import Day
from tests.support.client import RpcError
from tests.workflows.calls import STATS, wf
from tests.workflows.factories import make_workflow
from tests.workspaces.factories import by, make_workspace, ws
from userdata.workflows.v1.workflow_stats_service_pb2 import GetWorkflowStatsRequest

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
def workflow(acme):
    return make_workflow(acme)


def count(workspace, workflow, day, *lengths, failed=0, cancelled=0, timed_out=0):
    latencies = [0] * BUCKETS.count
    for length in lengths:
        latencies[BUCKETS.bucket(length)] += 1
    tenancy.enter(workspace.id)
    Day.create(
        workflow=workflow.id,
        day=date(2026, 11, day),
        workspace=workspace.id,
        succeeded=len(lengths) - failed - cancelled - timed_out,
        failed=failed,
        cancelled=cancelled,
        timed_out=timed_out,
        latencies=latencies,
    )


def stats(ada, acme, workflow, **values):
    request = GetWorkflowStatsRequest(workspace_id=ws(acme), workflow_id=wf(workflow), **values)
    with clock.frozen(NOW):
        return by(ada)(f"{STATS}GetWorkflowStats", request)


def test_days_add_up(ada, acme, workflow):
    count(acme, workflow, 1, *[10.0] * 90, *[1000.0] * 10, failed=8, cancelled=20, timed_out=2)
    count(acme, workflow, 3, 10.0)
    found = stats(ada, acme, workflow)
    assert [day.start_time.ToJsonString()[:10] for day in found.days] == ["2026-11-01", "2026-11-03"]
    first = found.days[0].counts
    assert (first.succeeded, first.failed, first.cancelled, first.timed_out) == (70, 8, 20, 2)
    assert first.success_rate == 70 / 80
    assert 0.008 <= first.duration_p50.ToTimedelta().total_seconds() <= 0.012
    assert 0.768 <= first.duration_p95.ToTimedelta().total_seconds() <= 1.024
    assert found.total.succeeded == 71


def test_nothing_is_no_duration(ada, acme, workflow):
    found = stats(ada, acme, workflow)
    assert (found.total.success_rate, len(found.days)) == (0, 0)
    assert not found.total.HasField("duration_p50")


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (datetime(2026, 11, 2, 23, tzinfo=UTC), None, [2, 3]),
        (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC), [1]),
        (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, 0, 0, 1, tzinfo=UTC), [1, 2]),
        (None, datetime(2026, 11, 2, tzinfo=UTC), [1]),
    ],
)
def test_a_time_is_chosen(ada, acme, workflow, start, end, days):
    for day in (1, 2, 3):
        count(acme, workflow, day, 1.0)
    found = stats(ada, acme, workflow, start_time=start, end_time=end)
    assert [day.start_time.ToDatetime().day for day in found.days] == days


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NOW, datetime(2026, 11, 1, tzinfo=UTC)),
        (datetime(2025, 1, 1, tzinfo=UTC), NOW),
        (datetime(1, 1, 1, tzinfo=UTC), None),
        (datetime(9999, 12, 31, tzinfo=UTC), None),
    ],
)
def test_a_time_is_at_most_a_year(ada, acme, workflow, start, end):
    with pytest.raises(RpcError) as refused:
        stats(ada, acme, workflow, start_time=start, end_time=end)
    assert [*refused.value.violations] == ["end_time"]


def test_the_ends_of_time_are_told(ada, acme, workflow):
    assert not stats(ada, acme, workflow, end_time=datetime(1, 1, 1, tzinfo=UTC)).days
    last = datetime(9999, 12, 31, tzinfo=UTC)
    assert not stats(ada, acme, workflow, start_time=last, end_time=last).days


def test_a_workflow_of_another_workspace_is_not_found(ada, acme):
    theirs = make_workflow(make_workspace(ada))
    with pytest.raises(RpcError) as refused:
        stats(ada, acme, theirs)
    assert refused.value.code == "NOT_FOUND"
