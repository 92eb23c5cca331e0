"""What the queries on executions, their history and approvals are called with in test_queries.py."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from server.core import ids
from server.core.db import db
from server.workflows.queries import approvals, executions, history, known, labels, reopening, watching
from server.workflows.queries.approvals import ApprovalRow
from server.workflows.queries.executions import OPEN_STATES, Wanted
from server.workflows.queries.watching import Mark
from tests.contract.cast import NOW, TODAY, Cast, Example, event_id, row_id

DAY = timedelta(days=1)
#: It runs nothing.
CONDITIONS = [executions.first_id]


def execute(sql: str, values: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
    """Run what streams ask over a connection of their own."""
    found: Sequence[tuple[Any, ...]] = db.execute_sql(sql, values).fetchall()
    return found


def examples(cast: Cast) -> list[Example]:
    """All examples about one cast."""
    return [*_showing(cast), *_changing(cast), *_approvals(cast)]


def _workflow(cast: Cast) -> Any:
    return row_id(41, 1 if cast.name == "heavy" else 4321)


def _execution(cast: Cast) -> Any:
    # Finished ones of workspaces 1 and 4321.
    return event_id(4000 if cast.name == "heavy" else 10319)


def _showing(cast: Cast) -> list[Example]:
    place, execution = cast.workspace, _execution(cast)
    choices = [
        Wanted(),
        Wanted(states=frozenset({"FAILED"})),
        Wanted(states=frozenset({"SUCCEEDED"})),
        Wanted(states=frozenset(OPEN_STATES)),
        Wanted(workflows=frozenset({_workflow(cast)})),
        Wanted(states=frozenset({"FAILED"}), workflows=frozenset({_workflow(cast)})),
        Wanted(since=TODAY - 3 * DAY, before=TODAY - DAY),
        Wanted(labels={"customer": "7"}),
        Wanted(labels={"customer": "7", "region": "eu"}, states=frozenset({"FAILED"})),
    ]
    listed: dict[str, Any] = {"limit": 51}
    return [
        cast.app(executions.get, place, execution),
        cast.app(executions.is_open, place, execution),
        cast.app(executions.several, place, [event_id(number) for number in range(1, 1000)]),
        *(
            cast.app(query, place, wanted=wanted, after=after, **listed)
            for query in (executions.page, executions.ids_of)
            for wanted in choices
            for after in (None, execution)
        ),
        *(cast.app(history.steps, place, execution, after=after, **listed) for after in (None, ("step1", 1, 1))),
        cast.app(history.outline, place, execution, limit=5001),
        cast.app(history.logs, place, execution, **listed),
        cast.app(history.logs, place, execution, path="", levels=["ERROR"], after=row_id(45, 10), **listed),
        cast.app(history.count_signals, place, row_id(44, 1), most=100),
        cast.app(
            labels.executions,
            place,
            ("customer", "7"),
            since=event_id(18000),
            before=event_id(1),
            times=(TODAY - 9 * DAY, NOW),
            limit=500,
        ),
        cast.app(known.by_id, place, _workflow(cast)),
        cast.app(known.by_name, place, "workflow-1"),
        cast.app(known.definition, place, _workflow(cast), 3),
        cast.worker(watching.pulses, execute, [execution, event_id(2)]),
        cast.app(watching.changes, place, execution, after=Mark(TODAY - 9 * DAY), limit=500),
    ]


def _changing(cast: Cast) -> list[Example]:
    place, execution = cast.workspace, _execution(cast)
    return [
        cast.app(labels.add, [(place, "new", "7", execution, TODAY)]),
        cast.app(history.write, place, execution, level="INFO", message="Paused.", fields={}, now=NOW),
        cast.app(reopening.reopen, place, execution, now=NOW, timeout_time=NOW + DAY),
        cast.app(reopening.done, place, execution),
        cast.app(reopening.copy, place, source=execution, target=ids.new_at(NOW), paths=["step1"]),
    ]


def _approvals(cast: Cast) -> list[Example]:
    place = cast.workspace
    approval = row_id(47, 1 if cast.name == "heavy" else 4321)
    execution = row_id(44, 1 if cast.name == "heavy" else 4321)
    new = ApprovalRow(
        *(ids.new(), place, _workflow(cast), execution, "ask", "Title", "", {}, [], "PENDING", {}, "", "", None, NOW),
        decide_time=None,
    )
    choices: list[dict[str, Any]] = [
        {"states": None, "execution_id": None},
        {"states": frozenset({"PENDING"}), "execution_id": None},
        {"states": frozenset({"REJECTED"}), "execution_id": None},
        {"states": frozenset({"PENDING"}), "execution_id": execution},
    ]
    return [
        cast.app(approvals.get, place, approval),
        cast.app(approvals.lock, place, approval),
        cast.worker(approvals.insert, new),
        *(
            cast.app(approvals.page, place, after=after, limit=51, **wanted)
            for wanted in choices
            for after in (None, approval)
        ),
        cast.app(approvals.of_execution, place, execution, limit=1000),
        cast.app(approvals.decide, place, approval, state="APPROVED", data={}, comment="", decider="usr_1", now=NOW),
    ]
