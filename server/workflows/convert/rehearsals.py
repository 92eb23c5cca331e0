"""What dry runs came to."""

from typing import Any, Final

from server.core import structs
from server.workflows.convert import jsons
from server.workflows.engine.dry import Rehearsal
from server.workflows.engine.types import Record, StepError
from userdata.workflows.v1.definition_service_pb2 import DryRunError, DryRunStep, DryRunWorkflowResponse

#: An answer has at most so many characters of outputs; gRPC clients take 4 MiB.
_MOST_CHARACTERS: Final = 1 << 20


def rehearsal(found: Rehearsal) -> DryRunWorkflowResponse:
    """A dry run as the contract shows it. The output of all goes first, those of steps as far as there is room."""
    ending, room = found.ending, _Room(_MOST_CHARACTERS)
    output = room.take(ending.output)
    return DryRunWorkflowResponse(
        state=ending.state,
        output=output,
        error=None if ending.error is None else _error(ending.error, ending.path),
        steps=[_step(record, room) for record in found.records],
    )


def _step(record: Record, room: "_Room") -> DryRunStep:
    return DryRunStep(
        path=record.path,
        type=record.type,
        attempt=record.attempt,
        status=record.status,
        output=room.take(record.output),
        error=None if record.error is None else _error(record.error, ""),
    )


def _error(error: StepError, path: str) -> DryRunError:
    return DryRunError(path=path, code=error.code, message=error.message)


class _Room:
    """What is left for outputs."""

    def __init__(self, characters: int) -> None:
        self._left = characters

    def take(self, output: Any) -> Any:
        """The message of `output`; None for null, and for what is too large to be shown."""
        if output is None:
            return None
        size = len(structs.dumps(output))
        if size > self._left:
            return None
        self._left -= size
        return jsons.value_of(output)
