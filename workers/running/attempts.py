"""Making one attempt of a step: the type's own code within its timeout, and what came of it, whatever it raises."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from server.core import clock
from server.core.telemetry import metrics, traces
from server.workflows.engine.step_types import Context, Effect, Result, Services, StepFailed
from server.workflows.engine.types import Line, StepError, Task
from server.workflows.language.masking import Mask
from server.workflows.queries.recording import CacheRow
from server.workflows.service.jsons import text
from server.workflows.service.loading import Execution

_log = structlog.get_logger("runner")
TIMEOUT: Final = "TIMEOUT"
INTERNAL: Final = "INTERNAL"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one: a result or an error, and the lines that it wrote."""

    result: Result | None
    error: StepError | None
    lines: Sequence[Line]


async def make(execution: Execution, task: Task, kind: Effect, services: Services) -> Attempt:
    """Make an attempt. Never raises but for being cancelled."""
    now = clock.now()
    seconds = task.step.timeout
    context = Context(
        workspace_id=execution.row.workspace_id,
        execution_id=execution.row.id,
        path=task.path,
        attempt=task.attempt,
        config=task.config,
        idempotency_key=task.idempotency_key,
        now=now,
        deadline=_deadline(now, seconds),
        services=services,
    )
    with traces.span("workflow step", execution.row.trace_parent, type=task.step.type, path=task.path):
        result, error = await _made(kind, context, seconds, task.step.type)
        if error is not None:
            error = _masked(error, execution.facts.secrets)
        traces.annotate(error=None if error is None else error.code)
    outcome = "SUCCEEDED" if error is None else error.code
    metrics.WORKFLOW_ATTEMPTS.labels(task.step.type, outcome).inc()
    return Attempt(result, error, context.lines)


async def _made(
    kind: Effect, context: Context, seconds: float | None, type_name: str
) -> tuple[Result | None, StepError | None]:
    try:
        async with asyncio.timeout(seconds):
            return await kind.run(context), None
    except StepFailed as failed:
        return None, failed.error
    except TimeoutError:
        return None, StepError(TIMEOUT, f"The step took longer than its {seconds:g} s." if seconds else "It timed out.")
    except Exception as fault:  # noqa: BLE001 - a fault of ours fails the attempt, which may be made again
        _log.exception("a step's type failed", type=type_name, exc_info=fault)
        return None, StepError(INTERNAL, "The step failed for a reason of the product's own.")


def _masked(error: StepError, secrets: Mapping[str, str]) -> StepError:
    """The error without the values of secrets, which a receiver may have sent back."""
    mask = Mask(secrets)
    return replace(error, message=mask.text(error.message), details=mask.value(dict(error.details)))


def _deadline(now: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=seconds)


def cache_key(execution: Execution, task: Task) -> bytes:
    """What an output is remembered by: the step of the workflow and all that goes into it."""
    said = [execution.row.workflow_id.hex, task.step.id, task.step.type, task.config]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).digest()


def cached(execution: Execution, task: Task, key: bytes, result: Result) -> CacheRow | None:
    """What is remembered of a result; nothing of one that publishes events, which a repeat would not."""
    if task.step.cache_ttl is None or result.emissions or result.output is None:
        return None
    expire_time = clock.now() + timedelta(seconds=task.step.cache_ttl)
    return CacheRow(execution.row.workspace_id, key, text(result.output), expire_time)
