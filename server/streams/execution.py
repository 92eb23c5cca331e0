"""One reader's way along an execution: what there is of it, then what is new, until it ends.

Records are told by when they ended. Those of one execution may be committed a little out of that order, so each look
begins some seconds back and tells what it has not told yet; the last one begins at the very start.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from server.core import ids
from server.core.call import Call
from server.streams.calls import WATCH_EXECUTION
from server.streams.poller import ExecutionWatcher
from server.streams.reader import HEARTBEAT_SECONDS, Reader
from server.streams.stream import Parts
from server.workflows.convert import executions as convert
from server.workflows.queries import executions, history, watching
from server.workflows.queries.executions import ExecutionRow
from server.workflows.queries.history import LogRow, StepRow
from server.workflows.queries.watching import Mark
from userdata.workflows.v1.execution_stream_service_pb2 import WatchExecutionRequest, WatchExecutionResponse

#: How far back each look begins.
_SLACK: Final = timedelta(seconds=2)
#: What is read at a time, and sent in one message.
_ROWS: Final = 500
_BYTES: Final = 1024 * 1024
#: What a row takes beside its output or its text, about.
_OVERHEAD: Final = 200


class ExecutionStream(Reader):
    """A stream of an execution over some transport."""

    _watcher: ExecutionWatcher

    def __init__(self, parts: Parts, request: WatchExecutionRequest, call: Call, *, transport: str) -> None:
        super().__init__(parts, call, transport=transport)
        self._request = request
        self._shown: ExecutionRow | None = None
        self._told: set[tuple[str, int, int, str]] = set()
        self._told_lines: set[UUID] = set()
        self._mark: Mark | None = None
        self._line: UUID | None = None

    async def open(self) -> None:
        """Ask whether the stream may be. Raises DomainError, NotFound and TooManyStreams among them."""
        await self._parts.calls.answer(WATCH_EXECUTION, self._request, self._call)
        execution_id = ids.decode("exe", self._request.execution_id)
        self._enter(ExecutionWatcher(self._call.workspace, execution_id), self._request)

    async def messages(self) -> AsyncIterator[WatchExecutionResponse]:
        """What is new, in order; an empty message is a sign of life. Ends with the execution, or by a DomainError."""
        self._parts.poller.add(self._watcher)
        try:
            live = False
            heard = asyncio.get_running_loop().time()
            while True:
                async for message in self._look(live=live):
                    yield message
                    heard = asyncio.get_running_loop().time()
                live = True
                if self._shown is None or self._shown.is_finished:
                    return
                await self._watcher.take(HEARTBEAT_SECONDS)
                if asyncio.get_running_loop().time() - heard >= HEARTBEAT_SECONDS:
                    yield WatchExecutionResponse()
                    heard = asyncio.get_running_loop().time()
        finally:
            self._parts.poller.remove(self._watcher)

    async def _look(self, *, live: bool) -> AsyncIterator[WatchExecutionResponse]:
        """Messages of all that is new; the last of the first look says that the stream is live from now on."""
        self._watcher.check()
        row = await self._read_row()
        # Without a row it is past its retention: nothing more will come.
        is_new, self._shown = row != self._shown, row
        if row is None:
            return
        message, size = WatchExecutionResponse(), 0
        if is_new and not row.is_finished:
            message.execution.CopyFrom(convert.outline(row))
        async for found in self._news(from_the_start=row.is_finished):
            size += self._add(message, found)
            if size > _BYTES:
                yield self._counted(message)
                message, size = WatchExecutionResponse(), 0
        if is_new and row.is_finished:
            # The end comes last: whoever sees it has seen everything.
            message.execution.CopyFrom(convert.outline(row))
        message.live = not live
        if message.ByteSize():
            yield self._counted(message)

    def _add(self, message: WatchExecutionResponse, found: StepRow | LogRow) -> int:
        """Put what is new into `message`; about how many bytes it took."""
        if isinstance(found, StepRow):
            message.steps.append(convert.step(found))
            return len(found.output or "") + _OVERHEAD
        message.logs.append(convert.log_entry(found))
        return len(found.message) + _OVERHEAD

    def _counted(self, message: WatchExecutionResponse) -> WatchExecutionResponse:
        self._sent += 1
        return message

    async def _read_row(self) -> ExecutionRow | None:
        workspace_id, execution_id = self._call.workspace, self._watcher.execution_id
        row = await self._parts.calls.reading(self._call, lambda: executions.get(workspace_id, execution_id))
        # It is compared with the next one, and shown without these.
        return None if row is None else row._replace(input=None, cause=None)

    def _begin(self, *, from_the_start: bool) -> Mark:
        if from_the_start or self._mark is None:
            # Copies of a fork are older than the fork itself.
            return Mark(executions.EPOCH)
        return Mark(self._mark.time - _SLACK)

    async def _news(self, *, from_the_start: bool) -> AsyncIterator[StepRow | LogRow]:
        """Attempts and waits, and lines, that were not told yet."""
        start = self._begin(from_the_start=from_the_start)
        while True:
            rows = await self._parts.calls.reading(self._call, partial(self._steps, start))
            for mark, row in rows:
                start, self._mark = mark, mark if self._mark is None else max(self._mark, mark)
                key = (row.path, row.generation, row.attempt, row.status)
                if key not in self._told:
                    self._told.add(key)
                    yield row
            if len(rows) < _ROWS:
                break
        after = None if self._line is None else executions.first_id(ids.time_of(self._line) - _SLACK)
        while True:
            lines = await self._parts.calls.reading(self._call, partial(self._lines, after))
            for line in lines:
                after, self._line = line.id, line.id if self._line is None else max(self._line, line.id)
                if line.id not in self._told_lines:
                    self._told_lines.add(line.id)
                    yield line
            if len(lines) < _ROWS:
                return

    def _steps(self, after: Mark) -> list[tuple[Mark, StepRow]]:
        return watching.changes(self._call.workspace, self._watcher.execution_id, after=after, limit=_ROWS)

    def _lines(self, after: UUID | None) -> list[LogRow]:
        return history.logs(self._call.workspace, self._watcher.execution_id, after=after, limit=_ROWS)
