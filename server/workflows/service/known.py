"""Definitions as the engine reads them, made once in a process: a version never changes."""

import threading
from collections import OrderedDict
from typing import Final
from uuid import UUID

from server.core import structs
from server.core.errors import NotFound
from server.workflows.language import parsing
from server.workflows.language.definition import Definition
from server.workflows.queries import known as queries
from server.workflows.steps import registry

_MOST: Final = 1000

_made: OrderedDict[tuple[UUID, int], Definition] = OrderedDict()
_lock: Final = threading.Lock()


def definition(workspace_id: UUID, workflow_id: UUID, number: int) -> Definition:
    """A version of a workflow, parsed. The caller has seen that the workflow is the workspace's. Raises NotFound."""
    key = (workflow_id, number)
    with _lock:
        if (found := _made.get(key)) is not None:
            _made.move_to_end(key)
            return found
    text = queries.definition(workspace_id, workflow_id, number)
    if text is None:
        raise NotFound
    parsed = parsing.load(structs.loads(text), types=registry.TYPES)
    with _lock:
        _made[key] = parsed
        if len(_made) > _MOST:
            _made.popitem(last=False)
    return parsed
