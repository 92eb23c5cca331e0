"""What the engine takes and gives. Everybody who runs, records or shows an execution speaks in these.

The engine (`machine`) is told what is recorded and says what to do next; a runner does it and tells what came of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.workflows.language.definition import Step

#: Statuses of a record. One that runs has none yet: a record is made when something ends, or begins to wait.
WAITING: Final = "WAITING"
SUCCEEDED: Final = "SUCCEEDED"
FAILED: Final = "FAILED"
SKIPPED: Final = "SKIPPED"
CANCELLED: Final = "CANCELLED"
TIMED_OUT: Final = "TIMED_OUT"


@dataclass(frozen=True, slots=True)
class StepError:
    """Why an attempt failed. `code` is an upper-case word that `retry_on` may name; `message` one sentence.

    `details` say with what: expression, values (secrets masked), status of an answer.
    """

    code: str
    message: str
    retryable: bool = True
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """An attempt of a step, or its wait: what a row of `workflow_step` says.

    `path` names the step in the execution: `charge`, `each[3]/charge`, `poll[0]/check`, `route:big/notify`,
    `on_failure/refund`. `due_time` is when a WAITING one is over by itself, or when a FAILED one is tried again (None
    when it is not). `generation` counts retries of the whole execution, from 1.
    """

    path: str
    generation: int
    attempt: int
    type: str
    status: str
    start_time: datetime
    end_time: datetime | None = None
    output: Any = None
    error: StepError | None = None
    due_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """What a step waits for from outside: kind EVENT, SIGNAL, APPROVAL or EXECUTION.

    `name` is the event's type, the signal's name, or what the kind wants; `match` a CEL text over `event` and what
    `variables` hold (the values of `input` and `steps` that it names). `data` is for who sets it up: an approval's
    title and form, the input of a child.
    """

    kind: str
    name: str = ""
    match: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Emission:
    """An event that is published in the transaction that records the step. `data` is JSON."""

    type: str
    subject: str
    data: Mapping[str, Any]
    channels: tuple[str, ...] = ()
    dedupe_key: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log. `level`: DEBUG, INFO, WARNING or ERROR."""

    time: datetime
    level: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """A record to write down, with what else belongs into its transaction. The machine knows of it already."""

    record: Record
    wait: Wait | None = None
    emissions: tuple[Emission, ...] = ()
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """An attempt to be made by the runner, once everything noted before is written down.

    `config` is the evaluated `with`; `idempotency_key` is the same for each attempt of one generation.
    """

    path: str
    attempt: int
    step: Step
    config: Any
    idempotency_key: str
    start_time: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """How an execution ended: SUCCEEDED, FAILED, CANCELLED or TIMED_OUT. `path` names the step that failed, if any."""

    state: str
    output: Any = None
    error: StepError | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class Moves:
    """What is next. Write the notes down, in their order, then begin the tasks.

    `ending` is set when nothing is left to do. `due_time` is when to ask again if nothing happens before. `more` says
    that there is more to decide at once: a call gives a limited number of notes.
    """

    notes: tuple[Note, ...] = ()
    tasks: tuple[Task, ...] = ()
    ending: Ending | None = None
    due_time: datetime | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an execution from its start on."""

    execution_id: UUID
    workspace_id: UUID
    workflow_id: UUID
    workflow_name: str
    version: int
    generation: int
    input: Any
    trigger: Mapping[str, Any]
    workspace: Mapping[str, Any]
    secrets: Mapping[str, str]
    create_time: datetime
    timeout_time: datetime
    depth: int = 0
