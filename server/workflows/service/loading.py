"""Loading: a claimed execution with all that a runner needs to go on with it.

Versions never change and are kept; workspaces and secrets are read again after some seconds.
"""

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import structlog

from server.core import cel, crypto, ids, structs
from server.workflows import sealing
from server.workflows.engine.step_types import Types
from server.workflows.engine.types import Facts, Record, StepError
from server.workflows.language import parsing
from server.workflows.language.definition import Definition, Scope
from server.workflows.queries import loading as queries
from server.workflows.queries.claiming import ClaimedRow
from server.workflows.queries.loading import RecordRow
from server.workflows.service.jsons import text

_MOST_DEFINITIONS: Final = 500
_MOST_WORKSPACES: Final = 5000
_KEEP_SECONDS: Final = 5.0
_log = structlog.get_logger("runner")
_NOTHING: Final = Definition(Scope(()), {})


@dataclass(slots=True, eq=False)
class Execution:
    """An execution under our claim.

    `waits` are the kinds of what it waits for from outside, by path, as the database has them. `answers` are what came
    and is not recorded yet, `heard` the paths of which the runner knows what came. `epoch` is raised when all that was
    decided since the last record is to be forgotten.
    """

    row: ClaimedRow
    claim: UUID
    definition: Definition
    facts: Facts
    records: list[Record] = field(default_factory=list)
    waits: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)
    epoch: int = 0

    @property
    def labels(self) -> dict[str, str]:
        """The execution's labels."""
        labels: dict[str, str] = structs.loads(self.row.labels)
        return labels


class Library:
    """What is shared by executions. Of one thread."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._definitions: OrderedDict[tuple[UUID, int], tuple[str, Definition]] = OrderedDict()
        self._workspaces: dict[UUID, tuple[float, dict[str, str]]] = {}
        self._secrets: dict[UUID, tuple[float, dict[str, str]]] = {}

    def load(self, rows: Sequence[ClaimedRow], *, claim: UUID) -> tuple[list[Execution], list[Execution]]:
        """The executions of claimed rows; apart from them those whose version is gone or not understood any more."""
        self._read_definitions({(row.workflow_id, row.version) for row in rows})
        workspaces = self._fresh(self._workspaces, {row.workspace_id for row in rows}, _read_workspaces)
        secrets = self._fresh(self._secrets, {row.workspace_id for row in rows}, _read_secrets)
        loaded: list[Execution] = []
        lost: list[Execution] = []
        for row in rows:
            found = self._definitions.get((row.workflow_id, row.version))
            name, definition = found or ("", _NOTHING)
            facts = _facts(row, name, workspaces.get(row.workspace_id, {}), secrets.get(row.workspace_id, {}))
            (lost if found is None else loaded).append(Execution(row, claim, definition, facts))
        read_history([execution for execution in (*loaded, *lost) if not execution.row.is_new])
        return loaded, lost

    def _read_definitions(self, keys: set[tuple[UUID, int]]) -> None:
        missing = [key for key in keys if key not in self._definitions]
        for row in queries.versions(missing) if missing else ():
            try:
                definition = parsing.load(structs.loads(row.definition), types=self._types)
            except Exception as error:  # noqa: BLE001 - it was fit to run when it was saved; the others go on
                _log.exception("a version cannot be run any more", workflow=str(row.workflow_id), exc_info=error)
                continue
            self._definitions[row.workflow_id, row.number] = (row.name, definition)
        for key in keys & self._definitions.keys():
            self._definitions.move_to_end(key)
        while len(self._definitions) > max(_MOST_DEFINITIONS, len(keys)):
            self._definitions.popitem(last=False)

    def _fresh(
        self,
        held: dict[UUID, tuple[float, dict[str, str]]],
        wanted: set[UUID],
        read: Callable[[Iterable[UUID]], dict[UUID, dict[str, str]]],
    ) -> Mapping[UUID, dict[str, str]]:
        now = time.monotonic()
        missing = [key for key in wanted if held.get(key, (0.0, {}))[0] <= now]
        if missing:
            if len(held) + len(missing) > _MOST_WORKSPACES:
                held.clear()
            found = read(missing)
            held.update({key: (now + _KEEP_SECONDS, found.get(key, {})) for key in missing})
        return {key: held[key][1] for key in wanted if key in held}


def read_history(executions: Sequence[Execution]) -> None:
    """Read what is recorded of executions and what they wait for, in place of what was known."""
    if not executions:
        return
    by_id = {execution.row.id: execution for execution in executions}
    for execution in executions:
        execution.records, execution.waits, execution.answers = [], {}, {}
    keys = [(row.id, row.create_time, row.generation) for row in (execution.row for execution in executions)]
    for record in queries.records(keys):
        by_id[record.execution_id].records.append(_record(record))
    for execution_id, path, kind, resolution in queries.waits(by_id):
        by_id[execution_id].waits[path] = kind
        if resolution is not None:
            by_id[execution_id].answers[path] = cel.load(resolution)


def read_answers(execution_ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """What came for the waits of executions, by path."""
    answers: dict[UUID, dict[str, Any]] = defaultdict(dict)
    for execution_id, path, _, resolution in queries.waits(execution_ids):
        if resolution is not None:
            answers[execution_id][path] = cel.load(resolution)
    return answers


def read_json(text: str) -> Any:
    """JSON of the database, as expressions want it."""
    return cel.load(text)


def _read_workspaces(workspace_ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    return {
        workspace_id: {"id": ids.encode("ws", workspace_id), "slug": slug, "name": name}
        for workspace_id, slug, name in queries.workspaces(workspace_ids)
    }


def _read_secrets(workspace_ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    opened: dict[UUID, dict[str, str]] = defaultdict(dict)
    for workspace_id, name, value in queries.secrets(workspace_ids):
        try:
            opened[workspace_id][name] = sealing.unseal(workspace_id, name, bytes(value))
        except crypto.SealBroken:
            # A step that names it fails and says so; the others of the workspace go on.
            _log.exception("a secret of workflows does not open", workspace=str(workspace_id), name=name)
    return opened


def _facts(row: ClaimedRow, name: str, workspace: Mapping[str, str], secrets: Mapping[str, str]) -> Facts:
    return Facts(
        execution_id=row.id,
        workspace_id=row.workspace_id,
        workflow_id=row.workflow_id,
        workflow_name=name,
        version=row.version,
        generation=row.generation,
        input=cel.load(row.input),
        trigger={"kind": row.trigger, "id": "", "event": None, "time": None, **cel.load(row.cause)},
        workspace=workspace,
        secrets=secrets,
        create_time=row.create_time,
        timeout_time=row.timeout_time,
        depth=row.depth,
    )


def _record(row: RecordRow) -> Record:
    return Record(
        path=row.path,
        generation=row.generation,
        attempt=row.attempt,
        type=row.type,
        status=row.status,
        start_time=row.start_time,
        end_time=row.end_time,
        output=None if row.output is None else cel.load(row.output),
        error=None if row.error is None else read_error(row.error),
        due_time=row.due_time,
    )


def error_text(error: StepError | None, *, path: str = "") -> str | None:
    """An error as the database has it; `path` names the step with which an execution failed."""
    if error is None:
        return None
    said = {"code": error.code, "message": error.message, "retryable": error.retryable, "details": dict(error.details)}
    return text(said | {"path": path} if path else said)


def read_error(text: str) -> StepError:
    """What `error_text` was given."""
    value = structs.loads(text)
    return StepError(value["code"], value["message"], value.get("retryable", True), value.get("details", {}))
