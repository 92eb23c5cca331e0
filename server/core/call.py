"""The call being served: what came with the request, and who sent it. Services read it, nobody passes it around."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from server.core import ids
from server.core.contract import Method
from server.core.principal import Principal


@dataclass(slots=True)
class Call:
    """One call of one method, or one job of a worker.

    `permissions` are those the caller holds in `workspace_id`, once authorised, and `grounds` is what the room that
    knows workspaces found when it looked them up. `afterwards` makes another answer of the answer, once what the call
    did is committed: to wait for what comes of it.
    """

    method: Method | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""
    trace_parent: str = ""
    address: str = ""
    principal: Principal | None = None
    workspace_id: UUID | None = None
    permissions: frozenset[str] = frozenset()
    grounds: object = None
    afterwards: Callable[[Any], Any] | None = None

    @property
    def caller(self) -> Principal:
        """The verified caller. Only in methods that are not PUBLIC."""
        if self.principal is None:
            raise ValueError("a PUBLIC method has no caller")
        return self.principal

    @property
    def workspace(self) -> UUID:
        """The workspace the request speaks of. Only in methods whose request has a workspace_id."""
        if self.workspace_id is None:
            raise ValueError("the request names no workspace")
        return self.workspace_id

    @property
    def actor(self) -> str:
        """What events say about who did it."""
        return self.principal.name if self.principal else "system" if self.method is None else "anonymous"

    @property
    def user_agent(self) -> str:
        """The client's own description, at most 512 characters."""
        return self.metadata.get("user-agent", "")[:512]


_current: ContextVar[Call | None] = ContextVar("call", default=None)


def current() -> Call:
    """The call this thread serves; outside of one, an empty call of the system itself."""
    return _current.get() or Call(request_id=str(ids.new()))


def current_or_none() -> Call | None:
    """The call this thread serves, if any."""
    return _current.get()


@contextmanager
def serving(call: Call) -> Iterator[Call]:
    """Make `call` the current one for a block."""
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)
