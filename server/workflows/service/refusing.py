"""Telling of starts that are refused: they count as failed and are announced, like executions that began."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.core import cel, events, ids, structs, tenancy
from server.core.events import Draft as Event
from server.workflows.latency import BUCKETS
from server.workflows.queries import recording as queries
from server.workflows.queries.recording import DayRow
from server.workflows.service.drafts import DEPTH_LIMIT, Draft

EXECUTED: Final = "workflow.executed"


def tell(refused: Sequence[Draft], now: datetime) -> None:
    """Publish that executions failed, and count them. A chain that is too long is not announced: it would go on."""
    drafts: defaultdict[UUID, list[Event]] = defaultdict(list)
    counts: defaultdict[tuple[UUID, UUID], int] = defaultdict(int)
    for draft in refused:
        counts[draft.start.workflow_id, draft.start.workspace_id] += 1
        if draft.error is not None and draft.error.code != DEPTH_LIMIT:
            drafts[draft.start.workspace_id].append(_executed(draft, now))
    for workspace_id, batch in drafts.items():
        tenancy.enter(workspace_id)
        events.publish_many(batch, workspace=workspace_id)
    latencies = [0] * BUCKETS.count
    queries.count(
        [
            DayRow(workflow, now.date(), workspace, 0, count, 0, 0, latencies)
            for (workflow, workspace), count in sorted(counts.items())
        ]
    )


def _executed(draft: Draft, now: datetime) -> Event:
    wanted, error = draft.start, draft.error
    execution = ids.encode("exe", draft.id)
    said: dict[str, Any] = {
        "executionId": execution,
        "workflowId": ids.encode("wf", wanted.workflow_id),
        "workflowName": wanted.facts.get("workflow", {}).get("name", ""),
        "version": wanted.version,
        "state": "FAILED",
        "trigger": wanted.trigger,
        "generation": 1,
        "errorCode": error.code if error else "",
        "errorMessage": error.message if error else "",
        "createTime": cel.as_json(ids.time_of(draft.id)),
        "endTime": cel.as_json(now),
    }
    if wanted.labels:
        said["labels"] = dict(wanted.labels)
    return Event(EXECUTED, execution, structs.dumps(said))
