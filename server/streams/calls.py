"""The calls of the streams process: the same chain as every call of a unary server, in a few threads.

The chain is synchronous and so is the database, so each step of a stream that asks the database is one short task of
the pool; between them a stream holds no thread.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from server import app
from server.core import ids, tenancy
from server.core.call import Call, serving
from server.core.contract import Method, methods
from server.core.interceptors.chain import chain
from server.core.interceptors.failures import domain_error
from server.core.interceptors.handler import Handler
from server.core.telemetry import traces
from server.events.service import following
from server.events.service.cursors import Place
from server.events.service.following import Filter, Stretch

#: Threads, each with a database connection.
_THREADS: Final = 6
#: How many events a stream reads at a time until it is live.
_STRETCH: Final = 200
T = TypeVar("T")

_METHODS: Final = {
    method.name: (method, getattr(servicer, method.name))
    for service, servicer in app.STREAMED
    for method in methods(service)
}
WATCH: Final[Method] = _METHODS["WatchEvents"][0]
POLL: Final[Method] = _METHODS["PollEvents"][0]
WATCH_EXECUTION: Final[Method] = _METHODS["WatchExecution"][0]


def _nothing(method: Method, _request: Message, _call: Call) -> Message:
    return method.response()


_HANDLERS: Final[dict[str, Handler]] = {
    name: chain(method, servicer, app.GUARDS) for name, (method, servicer) in _METHODS.items()
}
#: Everything up to the servicer: whether a stream may go on.
_ALLOWED: Final[dict[str, Handler]] = {
    name: chain(method, partial(_nothing, method), app.GUARDS) for name, (method, _) in _METHODS.items()
}
#: What a request needs beside its workspace to come as far as the servicer; nobody looks at it there.
_SOME_EXECUTION: Final = ids.encode("exe", UUID(int=0))


def request_of(method: Method, workspace_id: str) -> Message:
    """A request that says nothing but the workspace: the chain looks at no more before the servicer."""
    request = method.request(workspace_id=workspace_id)
    if "execution_id" in request.DESCRIPTOR.fields_by_name:
        request.execution_id = _SOME_EXECUTION  # type: ignore[attr-defined]
    return request


class Calls:
    """Runs handlers in the pool. Every failure comes out as a DomainError."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="call")

    async def answer(self, method: Method, request: Message, call: Call) -> Any:
        """The response of `method`."""
        return await self._run(lambda: _serve(_HANDLERS[method.name], request, call))

    async def allow(self, request: Message, call: Call) -> None:
        """Raise what a stream that was opened with `request` would be refused with now."""
        name = call.method.name if call.method else WATCH.name
        await self._run(lambda: _serve(_ALLOWED[name], request, call))

    async def stretch(self, call: Call, place: Place, wanted: Filter) -> Stretch:
        """The kept events after `place` in the workspace of `call`."""
        return await self.reading(call, lambda: following.stretch(call.workspace, place, limit=_STRETCH, wanted=wanted))

    async def reading(self, call: Call, work: Callable[[], T]) -> T:
        """What `work` reads in the workspace of `call`."""

        def read() -> T:
            with tenancy.reading(workspace=call.workspace):
                return work()

        return await self._run(read)

    def close(self) -> None:
        """Take no more work."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except Exception as error:
            raise domain_error(error) from error


def _serve(handler: Handler, request: Message, call: Call) -> Message:
    name = call.method.full_name if call.method else ""
    with serving(call), traces.span(name, call.trace_parent) as call.trace_parent:
        return handler(request, call)
