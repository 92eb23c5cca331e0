"""The hub: who gets what, how much waits, and how many there may be."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from server.core import clock, ids
from server.events.service.cursors import Place
from server.events.service.following import Entry, Filter
from server.streams.errors import ProcessFull, StreamTooSlow, TooManyStreams, stopping
from server.streams.hub import Hub, Watcher
from userdata.events.v1.event_pb2 import Event

WORKSPACE, OTHER = ids.new(), ids.new()
NOW = clock.now()


def entry(position: int, *, kind: str = "order.paid", subject: str = "", size: int = 10, workspace: Any = WORKSPACE):
    return Entry(Place(position, NOW), workspace, Event(type=kind, subject=subject), size)


def positions(items: Any) -> list[int]:
    return [item.place.position for item in items]


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 10))


async def joined(hub: Hub, watcher: Watcher, position: int) -> Place:
    """Open and join `watcher` while the tail is at `position`."""
    hub.open(watcher)
    joining = asyncio.create_task(hub.join(watcher))
    await asyncio.sleep(0)
    hub.admit(hub.joining(), Place(position, NOW))
    return await joining


def test_a_watcher_gets_what_it_wants_after_it_joined():
    async def work() -> None:
        hub = Hub(per_workspace=5, per_process=5)
        everything, some = Watcher(WORKSPACE, Filter()), Watcher(WORKSPACE, Filter(("user.*",), "u1"))
        assert (await joined(hub, everything, 7)).position == 7
        await joined(hub, some, 7)
        hub.deliver(
            [
                entry(8),
                entry(9, kind="user.created", subject="u1"),
                entry(10, kind="user.created", subject="u2"),
                entry(11, workspace=OTHER),
            ],
            Place(12, NOW),
        )
        assert positions(await everything.take(1)) == [8, 9, 10]
        assert positions(await some.take(1)) == [9]
        assert hub.place == Place(12, NOW)

    run(work())


def test_nothing_comes_to_who_waits_in_vain_and_at_once_to_who_does_not():
    async def work() -> None:
        hub = Hub(per_workspace=5, per_process=5)
        watcher = Watcher(WORKSPACE, Filter())
        await joined(hub, watcher, 0)
        assert await watcher.take(0.01) == []
        waiting = asyncio.create_task(watcher.take(10))
        await asyncio.sleep(0)
        hub.deliver([entry(1)], Place(1, NOW))
        assert positions(await waiting) == [1]

    run(work())


@pytest.mark.parametrize(("count", "size"), [(1001, 10), (40, 256 * 1024)])
def test_a_watcher_that_takes_nothing_is_ended_and_holds_nothing(count: int, size: int):
    async def work() -> None:
        hub = Hub(per_workspace=5, per_process=5)
        slow, fast = Watcher(WORKSPACE, Filter()), Watcher(WORKSPACE, Filter())
        await joined(hub, slow, 0)
        await joined(hub, fast, 0)
        ended: list[bool] = []
        slow.on_end = lambda: ended.append(True)
        got = 0
        for number in range(1, count + 1):
            hub.deliver([entry(number, size=size)], Place(number, NOW))
            got += len(await fast.take(1))
        assert got == count
        assert ended
        with pytest.raises(StreamTooSlow):
            await slow.take(1)

    run(work())


def test_limits_hold_for_a_workspace_and_for_all_and_places_are_given_back():
    async def work() -> None:
        hub = Hub(per_workspace=2, per_process=3)
        first, second = Watcher(WORKSPACE, Filter()), Watcher(WORKSPACE, Filter())
        hub.open(first)
        hub.open(second)
        with pytest.raises(TooManyStreams):
            hub.open(Watcher(WORKSPACE, Filter()))
        hub.open(Watcher(OTHER, Filter()))
        hub.close(first)
        hub.open(Watcher(OTHER, Filter()))
        with pytest.raises(ProcessFull):
            hub.open(Watcher(WORKSPACE, Filter()))
        assert hub.count == 3

    run(work())


def test_who_left_while_joining_is_not_kept():
    async def work() -> None:
        hub = Hub(per_workspace=2, per_process=3)
        watcher = Watcher(WORKSPACE, Filter(("order.*",)))
        hub.open(watcher)
        joining = asyncio.create_task(hub.join(watcher))
        await asyncio.sleep(0)
        assert hub.watched() == {WORKSPACE: (Filter(("order.*",)),)}
        joining.cancel()
        hub.close(watcher)
        hub.admit(hub.joining(), Place(1, NOW))
        hub.deliver([entry(2)], Place(2, NOW))
        assert await watcher.take(0.01) == []
        assert (hub.count, hub.watched()) == (0, {})

    run(work())


def test_a_stop_ends_all_and_lets_nobody_in():
    async def work() -> None:
        hub = Hub(per_workspace=2, per_process=3)
        live, joining = Watcher(WORKSPACE, Filter()), Watcher(WORKSPACE, Filter())
        await joined(hub, live, 0)
        hub.open(joining)
        task = asyncio.create_task(hub.join(joining))
        await asyncio.sleep(0)
        end = stopping()
        hub.end_all(end)
        for ended in (live.take(1), task):
            with pytest.raises(type(end)):
                await ended
        with pytest.raises(type(end)):
            hub.open(Watcher(OTHER, Filter()))

    run(work())
