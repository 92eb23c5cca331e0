"""The watchers of this process: which event goes to whom, how much waits for each, and how many there may be.

All of it runs on the loop, but for `joining` and `watched`, which the tail's thread asks.
"""

import asyncio
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

from server.core.errors import DomainError
from server.events.service.cursors import Place
from server.events.service.following import Entry, Filter
from server.streams.errors import ProcessFull, StreamTooSlow, TooManyStreams
from server.streams.items import Item

#: What may wait for one watcher. Events are shared by all watchers they wait for; a reader that is further behind has
#: a cursor to go on from.
_MOST_ITEMS: Final = 1000
_MOST_BYTES: Final = 8 * 1024 * 1024


class Watcher:
    """One reader of a workspace's events. It gets everything after the place at which it joined."""

    __slots__ = ("_failure", "_items", "_size", "_woken", "joined", "on_end", "wanted", "workspace_id")

    def __init__(self, workspace_id: UUID, wanted: Filter) -> None:
        self.workspace_id = workspace_id
        self.wanted = wanted
        self.joined: asyncio.Future[Place] | None = None
        self.on_end: Callable[[], None] | None = None
        self._items: deque[Item] = deque()
        self._size = 0
        self._woken = asyncio.Event()
        self._failure: DomainError | None = None

    def offer(self, item: Item) -> None:
        """Let `item` wait for the reader, unless too much waits already: that ends the watcher."""
        if self._failure is not None:
            return
        if len(self._items) >= _MOST_ITEMS or self._size >= _MOST_BYTES:
            self.end(StreamTooSlow())
            return
        self._items.append(item)
        self._size += item.size
        self._woken.set()

    def end(self, failure: DomainError) -> None:
        """Make the reader's next look raise `failure`; what waits for it is forgotten."""
        self._failure = self._failure or failure
        self._items.clear()
        self._woken.set()
        if self.joined is not None and not self.joined.done():
            self.joined.set_exception(self._failure)
        if self.on_end is not None:
            self.on_end()

    def check(self) -> None:
        """Raise what ended the watcher, if anything did."""
        if self._failure is not None:
            # Many may end by the same one; it must not keep the frames of all of them.
            raise self._failure.with_traceback(None)

    async def take(self, within: float) -> list[Item]:
        """All that waits, once something does; nothing when it takes longer than `within` seconds. Raises the end."""
        if not self._woken.is_set():
            try:
                async with asyncio.timeout(within):
                    await self._woken.wait()
            except TimeoutError:
                return []
        self.check()
        items = list(self._items)
        self._items.clear()
        self._size = 0
        self._woken.clear()
        return items


class Hub:
    """All watchers. `wake` is called when one joins, so that the tail looks at once."""

    def __init__(self, *, per_workspace: int, per_process: int) -> None:
        self.place: Place | None = None
        self.wake: Callable[[], None] = lambda: None
        self._per_workspace, self._per_process = per_workspace, per_process
        self._open: dict[UUID, set[Watcher]] = defaultdict(set)
        self._live: dict[UUID, set[Watcher]] = defaultdict(set)
        self._count = 0
        self._stopped: DomainError | None = None
        self._lock = threading.Lock()
        self._joining: list[Watcher] = []
        self._watched: dict[UUID, Counter[tuple[str, ...]]] = {}

    @property
    def count(self) -> int:
        """How many watchers there are."""
        return self._count

    def open(self, watcher: Watcher) -> None:
        """Count `watcher` in. Raises TooManyStreams, or what the hub was stopped with."""
        if self._stopped is not None:
            raise self._stopped
        if self._count >= self._per_process:
            raise ProcessFull(limit=str(self._per_process))
        if len(self._open.get(watcher.workspace_id, ())) >= self._per_workspace:
            raise TooManyStreams(limit=str(self._per_workspace))
        self._open[watcher.workspace_id].add(watcher)
        self._count += 1

    async def join(self, watcher: Watcher) -> Place:
        """Begin to give events to `watcher`; the place after which it gets every one that it wants."""
        watcher.check()
        watcher.joined = asyncio.get_running_loop().create_future()
        with self._lock:
            self._joining.append(watcher)
            self._watched.setdefault(watcher.workspace_id, Counter())[watcher.wanted.types] += 1
        self.wake()
        return await watcher.joined

    def close(self, watcher: Watcher) -> None:
        """Forget `watcher`."""
        for group in (self._open, self._live):
            if watchers := group.get(watcher.workspace_id):
                watchers.discard(watcher)
                if not watchers:
                    del group[watcher.workspace_id]
        self._count -= 1
        if watcher.joined is None:
            return
        with self._lock:
            counts = self._watched[watcher.workspace_id]
            counts[watcher.wanted.types] -= 1
            if not counts[watcher.wanted.types]:
                del counts[watcher.wanted.types]
            if not counts:
                del self._watched[watcher.workspace_id]

    def end_all(self, failure: DomainError) -> None:
        """End every watcher, and refuse new ones."""
        self._stopped = failure
        for watchers in list(self._open.values()):
            for watcher in list(watchers):
                watcher.end(failure)

    def joining(self) -> list[Watcher]:
        """Those that joined since the last time, for the tail."""
        with self._lock:
            joining, self._joining = self._joining, []
        return joining

    def watched(self) -> dict[UUID, tuple[Filter, ...]]:
        """What is wanted of each workspace, for the tail."""
        with self._lock:
            return {workspace: tuple(Filter(types) for types in counts) for workspace, counts in self._watched.items()}

    def admit(self, joining: Iterable[Watcher], place: Place) -> None:
        """Give `joining` every event after `place`."""
        self.place = place
        for watcher in joining:
            # It may have gone meanwhile.
            if watcher in self._open.get(watcher.workspace_id, ()):
                self._live[watcher.workspace_id].add(watcher)
                if watcher.joined is not None and not watcher.joined.done():
                    watcher.joined.set_result(place)

    def deliver(self, entries: Iterable[Entry], place: Place) -> None:
        """Give `entries` to those that want them; all up to `place` have now been given."""
        for entry in entries:
            item = Item(entry)
            for watcher in self._live.get(entry.workspace_id, ()):
                if watcher.wanted.takes(entry.event.type, entry.event.subject):
                    watcher.offer(item)
        self.place = place
