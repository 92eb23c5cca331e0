"""Starts and ends at the same moment: a key leads to one execution, places are never overfull, nobody is forgotten."""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

import peewee
import pytest

from server.core import clock, tenancy
from server.core.db import db
from server.workflows.language.definition import Concurrency, Definition, Scope
from server.workflows.models import OpenExecution
from server.workflows.service import forgetting, starting
from server.workflows.service.starting import Start
from server.workspaces.models import Workspace
from tests.accounts.factories import make_person
from tests.support import parallel
from tests.workflows.factories import make_workflow
from tests.workspaces.factories import make_workspace
from udb.embedded import Postgres

THREADS = 8


@pytest.fixture
def shop(committed: Postgres) -> Iterator[Workspace]:
    """A committed workspace, looked at by workers."""
    db.close()
    db.open(committed.url, role="userdata_worker", application="tests")
    with tenancy.transaction():
        workspace = make_workspace(make_person())
    yield workspace
    db.close()
    db.open(committed.url, role="userdata_app", application="tests")


def flow_of(workspace: Workspace) -> UUID:
    """A committed workflow."""
    with tenancy.transaction():
        flow: UUID = make_workflow(workspace).id
    return flow


def begin(workspace: Workspace, flow: UUID, limit: int | None = None, *, key: str | None = None) -> UUID:
    """Start an execution in a transaction of its own."""
    concurrency = None if limit is None else Concurrency(None, limit)
    wanted = Start(workspace.id, flow, 1, Definition(Scope(()), {}, concurrency=concurrency), {}, idempotency_key=key)
    with tenancy.transaction():
        return starting.start(wanted).id


def finish(workspace: Workspace, flow: UUID) -> bool:
    """End one execution that goes on, as a runner does; gives whether there was one."""
    with tenancy.transaction():
        starting.hold_slots([(workspace.id, flow, "")])
        rows = OpenExecution.select().where((OpenExecution.workflow_id == flow) & (OpenExecution.state == "READY"))
        row = rows.order_by(OpenExecution.id).for_update(skip_locked=True).first()
        if row is None:
            return False
        OpenExecution.delete().where(OpenExecution.id == row.id).execute()
        starting.release_slots([(flow, "")])
        return True


def count(flow: UUID, state: str) -> int:
    """How many open executions are in a state."""
    with tenancy.reading():
        where = (OpenExecution.workflow_id == flow) & (OpenExecution.state == state)
        return OpenExecution.select().where(where).count()


def closing(action: Callable[[], UUID | bool]) -> UUID | bool:
    """What `action` gives; its thread leaves no connection."""
    try:
        return action()
    finally:
        db.close()


def test_a_key_leads_to_one_execution_whoever_comes_first(shop) -> None:
    flow = flow_of(shop)
    found = parallel.times(THREADS, partial(closing, partial(begin, shop, flow, key="once")))
    assert len(set(found)) == 1
    assert count(flow, "READY") == 1


def test_no_more_begin_than_may(shop) -> None:
    flow = flow_of(shop)
    parallel.times(THREADS, partial(closing, partial(begin, shop, flow, 3)))
    assert (count(flow, "READY"), count(flow, "QUEUED")) == (3, THREADS - 3)


def test_nobody_is_forgotten_while_starts_ends_and_pruning_meet(shop) -> None:
    flow = flow_of(shop)
    luck = random.Random(7)  # noqa: S311 - a fixed order of things, for the test

    def work(seed: int) -> UUID | bool:
        own = random.Random(seed)  # noqa: S311 - as above
        for _ in range(12):
            if own.random() < 0.5:
                begin(shop, flow, 2)
            else:
                finish(shop, flow)
            with suppress(peewee.OperationalError), tenancy.transaction():
                forgetting.forget_expired(10)
            assert count(flow, "READY") <= 2
        return True

    with clock.advanced(timedelta(days=-3)):
        begin(shop, flow, 2)
    parallel.at_once([partial(closing, partial(work, luck.randrange(1000))) for _ in range(4)])
    while finish(shop, flow):
        assert count(flow, "READY") == min(2, count(flow, "READY") + count(flow, "QUEUED"))
    assert count(flow, "QUEUED") == 0
