"""What people do to an execution, as lines of its log, from which the timeline is told."""

from typing import Any, Final
from uuid import UUID

from server.core import call, clock
from server.workflows.queries import history

#: The field of a line that says which kind of entry of the timeline it is.
KIND: Final = "timeline"
PAUSE: Final = "PAUSE"
RESUME: Final = "RESUME"
CANCEL: Final = "CANCEL"
SIGNAL: Final = "SIGNAL"
RETRIED: Final = "RETRIED"
FORKED: Final = "FORKED"
KINDS: Final = frozenset({PAUSE, RESUME, CANCEL, SIGNAL, RETRIED, FORKED})


def note(
    workspace_id: UUID, execution_id: UUID, kind: str, message: str, *, actor: str | None = None, **fields: Any
) -> None:
    """Write down that something of `kind` was done, by `actor` or by whom the present call says."""
    said = {KIND: kind, "actor": actor or call.current().actor, **fields}
    history.write(workspace_id, execution_id, level="INFO", message=message, fields=said, now=clock.now())
