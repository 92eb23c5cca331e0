"""Retention: executions of workflows that keep them for a while only, and days that are still needed."""

from datetime import timedelta

from server.core import clock
from server.workflows.models import Execution, OpenExecution, Step
from server.workflows.service import forgetting
from tests.workflows.running import chain
from tests.workflows.stepping import begin, run_all


def test_an_execution_goes_with_its_records_when_its_time_is_over(worker) -> None:
    kept = begin(worker, chain(1), 1)
    gone = begin(worker, {**chain(2), "retention": "1h"}, 2, labels={"of": "test"})
    run_all()
    with clock.advanced(timedelta(hours=2)):
        assert forgetting.forget_expired(100) == 2
    assert [row.id for row in Execution.select()] == kept
    assert {row.execution_id for row in Step.select()} == set(kept)
    assert set(gone).isdisjoint(kept)


def test_a_day_is_kept_while_an_execution_of_it_is_open(worker) -> None:
    long_ago = clock.now() - timedelta(days=90)
    now = clock.now()
    assert forgetting.kept_since(now) == now
    begin(worker, chain(1))
    OpenExecution.update(create_time=long_ago).execute()
    assert forgetting.kept_since(now) == long_ago
