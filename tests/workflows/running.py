"""Executions for the tests of runners: rows as a start makes them, and a runner in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from server.core import tenancy
from server.core.db import db
from server.workflows.engine.step_types import Types
from server.workflows.language import parsing
from server.workflows.models import Workflow
from server.workflows.service import starting
from server.workflows.service.drafts import Start
from server.workspaces.models import Workspace
from tests.support.wait import until
from tests.workflows import probe as probes
from tests.workflows.factories import make_workflow
from tests.workflows.probe import Probe
from workers.running import process
from workers.stopping import Stop


def step(name: str, *needs: str, type: str = "probe", **fields: Any) -> dict[str, Any]:  # noqa: A002
    """A step of a definition; `config` is its `with`."""
    said = {"id": name, "type": type, "needs": list(needs), **fields}
    said["with"] = said.pop("config", {"value": name})
    return said


def chain(count: int = 3, **config: Any) -> dict[str, Any]:
    """A definition of so many steps one after the other."""
    names = [f"s{number}" for number in range(count)]
    steps = [
        step(name, *names[at - 1 : at] if at else (), config={"value": name, **config}) for at, name in enumerate(names)
    ]
    return {"steps": steps}


def begin(workspace: Workspace, definition: Mapping[str, Any], count: int = 1, **values: Any) -> list[UUID]:
    """Start a new workflow of this definition, committed."""
    with tenancy.transaction():
        workflow = make_workflow(workspace, definition)
        return start(workflow, definition, count, **values)


def start(workflow: Workflow, definition: Mapping[str, Any], count: int = 1, **values: Any) -> list[UUID]:
    """Start a workflow."""
    parsed = parsing.parse(definition, types=probes.types())
    wanted = Start(
        workspace_id=workflow.workspace,
        workflow_id=workflow.id,
        version=workflow.version,
        definition=parsed,
        **{"input": {}, **values},
    )
    return [started.id for started in starting.start_many([wanted] * count)]


@contextmanager
def runner(types: Types | None = None) -> Iterator[Probe]:
    """A runner while the block runs."""
    probe, stop = Probe(), Stop()
    thread = threading.Thread(target=lambda: asyncio.run(process.run(stop, types=types or probes.types(probe))))
    thread.start()
    try:
        yield probe
    finally:
        stop.set()
        thread.join(20)
        stop.close()


def ask(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement, looked at by a worker."""
    with tenancy.reading():
        return list(db.execute_sql(sql, values).fetchall())


def finished(execution_id: UUID, *, within: float = 10.0) -> Any:
    """State, output and error of an execution, once it is finished."""

    def found() -> list[tuple[Any, ...]]:
        return ask("SELECT state, output, error FROM workflow_execution WHERE id = %s", execution_id)

    return until(found, within=within, saying=f"the execution does not end: {ask_open(execution_id)}")[0]


def ask_open(execution_id: UUID) -> list[tuple[Any, ...]]:
    """What is known of an open execution."""
    return ask("SELECT state, poked, due_time::text FROM workflow_open_execution WHERE id = %s", execution_id)


def state_of(execution_id: UUID) -> str:
    """The state of an open execution; nothing when there is none."""
    rows = ask_open(execution_id)
    return rows[0][0] if rows else ""


def steps_of(execution_id: UUID) -> list[tuple[str, int, str]]:
    """Path, attempt and status of all records."""
    return ask(
        "SELECT path, attempt, status FROM workflow_step WHERE execution_id = %s ORDER BY start_time, path, attempt",
        execution_id,
    )


def problems() -> list[tuple[Any, ...]]:
    """What the invariant says is wrong."""
    return ask("SELECT * FROM workflow_stuck")
