"""Creating replays, following and cancelling them. What a replay does is in `replaying`."""

from datetime import datetime
from typing import Final
from uuid import UUID

from server.core import clock, ids, jobs
from server.core.call import Call
from server.core.errors import FieldViolation, InvalidArgument, NotFound
from server.core.paging import Page
from server.webhooks.errors import ReplayFinished, TooManyReplays
from server.webhooks.queries import replays
from server.webhooks.queries.replays import ReplayRow, Selection
from server.webhooks.service import deliveries, replaying
from server.workspaces.service import access
from userdata.jobs.v1.webhooks_pb2 import ContinueReplay

MOST_RUNNING: Final = 10


def create(
    caller: Call,
    selection: Selection,
    *,
    endpoint_id: UUID | None,
    configuration: str,
    rate_limit: int,
    validate_only: bool,
) -> ReplayRow:
    """A replay of one endpoint, or of all that there are then, which a job takes on.

    With `validate_only` it is only counted. Raises InvalidArgument, NotFound, EndpointDisabled, TooManyReplays.
    """
    workspace = access.hold(caller)
    if selection.start_time >= selection.end_time:
        violation = FieldViolation("replay.selection.start_time", "must be before end_time and the moment of the call")
        raise InvalidArgument(violations=[violation])
    if endpoint_id is not None:
        deliveries.able(workspace.id, endpoint_id)
    now = clock.now()
    row = ReplayRow(
        id=ids.new(),
        workspace_id=workspace.id,
        endpoint_id=endpoint_id,
        selection=selection,
        configuration=configuration,
        rate_limit=rate_limit or None,
        state="RUNNING",
        through=None,
        total=0,
        total_is_least=False,
        replayed=0,
        create_time=now,
        update_time=now,
    )
    total, is_least = replaying.count(row)
    row = row._replace(total=total, total_is_least=is_least)
    if not validate_only:
        _start(row)
    return row


def _start(row: ReplayRow) -> None:
    # The workspace is held, so that replays are counted in turn.
    if replays.count_running(row.workspace_id, most=MOST_RUNNING) >= MOST_RUNNING:
        raise TooManyReplays(limit=str(MOST_RUNNING))
    replays.insert(row)
    enqueue(row)


def enqueue(row: ReplayRow, *, run_time: datetime | None = None) -> None:
    """Have a replay taken further when the transaction commits, not before `run_time`."""
    job = ContinueReplay(workspace_id=ids.encode("ws", row.workspace_id), replay_id=ids.encode("whr", row.id))
    jobs.enqueue(job, run_time=run_time)


def recover(caller: Call, endpoint_id: UUID, *, start_time: datetime, rate_limit: int) -> ReplayRow:
    """A replay of all that failed at an endpoint since `start_time`. Raises what `create` raises."""
    selection = Selection(start_time, clock.now(), (), ("FAILED",))
    return create(
        caller,
        selection,
        endpoint_id=endpoint_id,
        configuration="NOW",
        rate_limit=rate_limit,
        validate_only=False,
    )


def get(workspace_id: UUID, replay_id: UUID) -> ReplayRow:
    """A replay. Raises NotFound."""
    return _found(replays.get(workspace_id, replay_id))


def page_of(workspace_id: UUID, page: Page) -> tuple[list[ReplayRow], str]:
    """A page of the workspace's replays, the newest first, and the token of the next one."""
    rows = replays.page_of(workspace_id, after=UUID(page.after[0]) if page.after else None, limit=page.limit)
    return page.cut(rows, lambda row: [str(row.id)])


def cancel(workspace_id: UUID, replay_id: UUID) -> ReplayRow:
    """The replay, cancelled; once more changes nothing. A run of it that is under way is waited for.

    Raises NotFound, ReplayFinished.
    """
    row = _found(replays.get(workspace_id, replay_id, locked=True))
    if row.state == "SUCCEEDED":
        raise ReplayFinished(state=row.state)
    if row.state == "CANCELLED":
        return row
    row = row._replace(state="CANCELLED", update_time=clock.now())
    replays.update(workspace_id, replay_id, state=row.state, update_time=row.update_time)
    return row


def _found(row: ReplayRow | None) -> ReplayRow:
    if row is None:
        raise NotFound
    return row


def advance(workspace_id: UUID, replay_id: UUID) -> None:
    """Take a running replay one stretch further, and enqueue the next run. For workers.

    All of it is one transaction with the end of the job, so that a worker that dies has done nothing. What stands in a
    deleted workspace waits there until it is brought back or purged.
    """
    row = replays.get(workspace_id, replay_id, locked=True)
    if row is None or row.state != "RUNNING":
        return
    now = clock.now()
    if not replaying.workspace_lives(workspace_id):
        enqueue(row, run_time=now + replaying.PATIENCE)
        return
    progress = replaying.run(row, now=now)
    state = "RUNNING" if progress.through is not None else "SUCCEEDED"
    replays.update(
        workspace_id,
        replay_id,
        state=state,
        through=progress.through or row.through,
        replayed=row.replayed + progress.opened,
        update_time=now,
    )
    if progress.through is not None:
        enqueue(row, run_time=progress.next_time)
