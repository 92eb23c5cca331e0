"""Schedules: what is due is started, once, and what was missed as its trigger says.

Whoever starts a schedule holds its row; its next time moves on in the transaction that starts the executions. Times are
those of cron in the trigger's zone, so changes of its clocks are cron's to heed. When the machine's clock is set back,
nothing is started a second time; when it jumps ahead, what lies between was missed.

An occurrence that is found late was missed: nobody was there to start it. `catch_up` says what becomes of those: NONE
forgets them, LAST starts one for all of them, ALL starts each, the latest `catch_up_limit` of them. `overlap` says what
becomes of one that is due while the one before still goes on: SKIP leaves it out, ALLOW starts it beside, QUEUE has it
wait its turn (a workflow with `concurrency` has that decide instead).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from server.core import cel, clock
from server.workflows.engine.types import StepError
from server.workflows.language.cron import Schedule
from server.workflows.language.faults import ExpressionFailed
from server.workflows.queries import triggering as queries
from server.workflows.queries.triggering import ArmedRow, Outcome
from server.workflows.service import starting
from server.workflows.service.starting import Start
from server.workflows.service.triggering import Armed, armed

#: What is found later than this was missed.
ON_TIME: Final = timedelta(seconds=10)
_NONE, _LAST, _ALL = "NONE", "LAST", "ALL"
_SKIP, _QUEUE = "SKIP", "QUEUE"
_LIMIT: Final = 100
#: Executions that are started by one statement.
_MOST: Final = 1000
_SECOND: Final = timedelta(seconds=1)


def start_due(limit: int) -> int:
    """Start at most `limit` schedules that are due, in a transaction of a worker; gives how many there were."""
    now = clock.now()
    rows = queries.due(now=now, limit=limit)
    if not rows:
        return 0
    going = queries.still_open([row.last_execution_id for row in rows if row.last_execution_id is not None])
    starts: list[Start] = []
    outcomes: list[Outcome] = []
    places: list[tuple[int, int]] = []
    for row in rows:
        each = armed(row)
        text = _text(each)
        schedule = Schedule(text["cron"], text.get("time_zone") or "UTC") if text else None
        times = _times(row, schedule, text, now=now, is_going=row.last_execution_id in going)
        places.append((len(starts), len(times)))
        starts += [_start(each, time, text) for time in times]
        following = None if schedule is None else schedule.next(now)
        outcomes.append(Outcome(row.workflow_id, row.key, times[-1] if times else None, None, following))
    # By parts, so that no statement takes long.
    parts = [starting.start_many(starts[at : at + _MOST]) for at in range(0, len(starts), _MOST)]
    started = [one for part in parts for one in part]
    queries.moved(
        [
            outcome._replace(execution_id=_last([one.id for one in started[first : first + count]]))
            for outcome, (first, count) in zip(outcomes, places, strict=True)
        ]
    )
    return len(rows)


def seconds_left() -> float | None:
    """How long it is until the next schedule is due; None when none is ever."""
    due = queries.next_time()
    return None if due is None else (due - clock.now()).total_seconds()


def missed(schedule: Schedule, *, since: datetime, until: datetime, most: int) -> list[datetime]:
    """When the schedule was due from `since` to `until`, both included; the latest `most` of them, oldest first.

    Looks back over ever longer times, so that a long outage of a frequent schedule costs no more than a short one.
    """
    back = timedelta(minutes=1)
    while True:
        begin = max(since, until - back)
        found = _between(schedule, begin, until)
        if begin == since or len(found) >= most:
            return found[-most:]
        back *= 2


def chosen(due: Sequence[datetime], text: Mapping[str, Any], *, now: datetime, is_going: bool) -> list[datetime]:
    """Which of the times that came are started; `text` is the `schedule` of the trigger."""
    late = [time for time in due if now - time > ON_TIME]
    catch_up = text.get("catch_up") or _LAST
    kept = (
        []
        if catch_up == _NONE
        else late[-1:]
        if catch_up == _LAST
        else late[-int(text.get("catch_up_limit") or _LIMIT) :]
    )
    times = [*kept, *due[len(late) :]]
    if (text.get("overlap") or _SKIP) == _SKIP:
        return [] if is_going else times[-1:]
    return times


def _between(schedule: Schedule, begin: datetime, end: datetime) -> list[datetime]:
    found = []
    time = schedule.next(begin - _SECOND)
    while time is not None and time <= end:
        found.append(time)
        time = schedule.next(time)
    return found


def _times(
    row: ArmedRow, schedule: Schedule | None, text: Mapping[str, Any], *, now: datetime, is_going: bool
) -> list[datetime]:
    if row.next_time is None:
        return []
    if schedule is None:
        # It cannot be read any more: one execution says so.
        return [row.next_time]
    most = int(text.get("catch_up_limit") or _LIMIT) + int(ON_TIME / _SECOND) + 1
    return chosen(missed(schedule, since=row.next_time, until=now, most=most), text, now=now, is_going=is_going)


def _text(each: Armed) -> Mapping[str, Any]:
    found: Mapping[str, Any] = each.trigger.text["schedule"] if each.trigger is not None else {}
    return found


def _start(each: Armed, time: datetime, text: Mapping[str, Any]) -> Start:
    row, trigger, refusal = each.row, each.trigger, each.fault
    cause = {"id": row.key, "event": None, "time": cel.as_json(time)}
    made: Any = {}
    if trigger is not None and trigger.input is not None:
        try:
            made = trigger.input.evaluate({**each.facts, "trigger": {"kind": row.kind, **cause}})
        except ExpressionFailed as failed:
            refusal = StepError("EXPRESSION_FAILED", str(failed), retryable=False, details=failed.details)
    return Start(
        workspace_id=row.workspace_id,
        workflow_id=row.workflow_id,
        version=row.version,
        definition=each.definition,
        input=made,
        trigger=row.kind,
        cause=cause,
        facts=each.facts,
        actor="system",
        trace_parent="",
        refusal=refusal,
        row=f"schedule:{row.key}" if text.get("overlap") == _QUEUE else None,
    )


def _last(executions: Sequence[UUID]) -> UUID | None:
    return executions[-1] if executions else None
