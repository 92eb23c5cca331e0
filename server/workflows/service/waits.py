"""Events that executions wait for: a listener of the drain gives each wait the first event that matches.

It is part of the drain's transaction: an event and what it answers are seen together.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from server.core import cel
from server.core.cel import ExpressionInvalid, Kind
from server.events.service.draining import Drained
from server.workflows.language.expressions import Expression
from server.workflows.language.faults import ExpressionFailed
from server.workflows.queries import poking as poking_queries
from server.workflows.queries import waits as queries
from server.workflows.queries.waits import EventWait
from server.workflows.service import event_variable, poking

_COMPILED: Final = 4096


def listen(batch: Sequence[Drained]) -> Mapping[UUID, int]:
    """Answer waits with the events of a batch. Says nothing about deliveries."""
    waits = queries.for_events({(event.workspace_id, event.type) for event in batch})
    if not waits:
        return {}
    waiting: dict[tuple[UUID, str], list[EventWait]] = defaultdict(list)
    for wait in waits:
        waiting[wait.workspace_id, wait.name].append(wait)
    answers: list[tuple[UUID, str, Any]] = []
    for event in batch:
        left = waiting.get((event.workspace_id, event.type))
        if left:
            value = event_variable.of(event)
            matched = [wait for wait in left if _matches(wait, value)]
            answers += [(wait.execution_id, wait.path, value) for wait in matched]
            waiting[event.workspace_id, event.type] = [wait for wait in left if wait not in matched]
    if answers:
        poking_queries.hold_all(sorted({execution for execution, _, _ in answers}))
        poking.resolve_held(answers)
    return {}


def _matches(wait: EventWait, value: Mapping[str, Any]) -> bool:
    if not wait.match:
        return True
    try:
        return _compiled(wait.match).evaluate({**cel.load(wait.variables), "event": value}) is True
    except (ExpressionFailed, ExpressionInvalid):
        # An event that lacks a field is another one than is waited for.
        return False


@lru_cache(maxsize=_COMPILED)
def _compiled(text: str) -> Expression:
    return Expression(text, "/match", result=Kind.BOOL)
