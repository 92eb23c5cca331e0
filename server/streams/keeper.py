"""Ends streams that may not go on: the token expired or was revoked, the membership or the permission was taken away.

Each credential, workspace and method is asked again every few seconds, however many streams it has, and at once when a
revocation that may concern it is heard. While the database is away nothing is known, so nothing is ended.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog
from google.protobuf.message import Message

from server.core import ids
from server.core.call import Call
from server.core.errors import DeadlineExceeded, DomainError, Internal, Unavailable
from server.core.principal import Principal
from server.streams.calls import WATCH, Calls, request_of
from server.streams.hub import Watcher

_EVERY_SECONDS: Final = 5.0
_TICK_SECONDS: Final = 0.5
_AT_A_TIME: Final = 2
_log = structlog.get_logger("keeper")

_Key = tuple[str, str, str]


@dataclass(slots=True)
class _Kept:
    """The streams of one credential in one workspace, and when they are asked about again, by the loop's clock."""

    request: Message
    call: Call
    due: float
    watchers: set[Watcher] = field(default_factory=set)


class Keeper:
    """Knows for each watcher what it was opened with."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._kept: dict[_Key, _Kept] = {}
        self._tags: dict[str, set[_Key]] = defaultdict(set)

    def add(self, watcher: Watcher, request: Message, call: Call) -> Callable[[], None]:
        """Keep an eye on `watcher`, which was opened with `request` and `call`; call the result when it is gone."""
        method = call.method or WATCH
        key = (call.metadata.get("authorization", ""), str(call.workspace), method.full_name)
        kept = self._kept.get(key)
        if kept is None:
            due = asyncio.get_running_loop().time() + _EVERY_SECONDS
            kept = self._kept[key] = _Kept(request_of(method, _workspace(request)), call, due)
            for tag in _tags(call.caller):
                self._tags[tag].add(key)
        kept.watchers.add(watcher)

        def remove() -> None:
            kept.watchers.discard(watcher)
            if not kept.watchers and self._kept.get(key) is kept:
                del self._kept[key]
                for tag in _tags(call.caller):
                    self._tags[tag].discard(key)
                    if not self._tags[tag]:
                        del self._tags[tag]

        return remove

    def revoked(self, tag: str) -> None:
        """Ask at once about those that the revocation of `tag` may concern."""
        for key in self._tags.get(tag, ()):
            self._kept[key].due = 0.0

    async def run(self) -> None:
        """Ask for ever."""
        loop = asyncio.get_running_loop()
        gate = asyncio.Semaphore(_AT_A_TIME)
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            due = [kept for kept in self._kept.values() if kept.due <= loop.time()]
            async with asyncio.TaskGroup() as tasks:
                for kept in due:
                    kept.due = loop.time() + _EVERY_SECONDS
                    await gate.acquire()
                    tasks.create_task(self._ask(kept)).add_done_callback(lambda _: gate.release())

    async def _ask(self, kept: _Kept) -> None:
        call = Call(
            kept.call.method, kept.call.metadata, kept.call.request_id, kept.call.trace_parent, kept.call.address
        )
        try:
            await self._calls.allow(kept.request, call)
        except (Unavailable, DeadlineExceeded, Internal):
            return
        except DomainError as failure:
            _log.info("streams end", reason=failure.reason, principal=kept.call.actor, streams=len(kept.watchers))
            for watcher in list(kept.watchers):
                watcher.end(failure)


def _workspace(request: Message) -> str:
    workspace_id: str = request.workspace_id  # type: ignore[attr-defined]
    return workspace_id


def _tags(principal: Principal) -> set[str]:
    """The names under which the credential of `principal` can be revoked."""
    found = {"usr": principal.user_id, "ses": principal.session_id, "key": principal.key_id}
    return {ids.encode(prefix, value) for prefix, value in found.items() if value is not None} | {principal.name}
