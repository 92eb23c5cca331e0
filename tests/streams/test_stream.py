"""A stream in the silence between events: signs of life, and a cursor that goes on."""

import asyncio
from typing import Any, cast

import pytest

from server.core import clock, ids
from server.core.call import Call
from server.events.service import cursors
from server.events.service.cursors import Place
from server.events.service.following import Filter, Stretch
from server.streams import stream as streams
from server.streams.calls import WATCH, Calls
from server.streams.hub import Hub
from server.streams.keeper import Keeper
from server.streams.poller import Poller
from server.streams.stream import Parts, Stream
from userdata.events.v1.event_stream_service_pb2 import WatchEventsRequest, WatchEventsResponse

WORKSPACE = ids.new()


class NothingKept:
    """Calls that find no event and let everybody in."""

    async def answer(self, _method: Any, _request: Any, call: Call) -> WatchEventsResponse:
        call.workspace_id = WORKSPACE
        return WatchEventsResponse(cursor=cursors.mint(WORKSPACE, cursors.START))

    async def stretch(self, _call: Call, place: Place, _wanted: Filter) -> Stretch:
        return Stretch([], place, is_last=True)


class KeepsNothing:
    """A keeper that ends no stream."""

    def add(self, *_arguments: object) -> Any:
        return lambda: None


def test_a_silent_stream_says_how_far_it_has_come(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.01)

    async def work() -> None:
        hub = Hub(per_workspace=1, per_process=1)
        hub.wake = lambda: hub.admit(hub.joining(), Place(7, clock.now()))
        parts = Parts(
            cast("Calls", NothingKept()), hub, cast("Keeper", KeepsNothing()), Poller("", asyncio.get_running_loop())
        )
        request = WatchEventsRequest(workspace_id=ids.encode("ws", WORKSPACE), types=["never.happens"])
        stream = Stream(parts, request, Call(WATCH), transport="sse")
        await stream.open()
        with stream:
            batches = stream.batches()
            assert await anext(batches) == []
            assert cursors.read(WORKSPACE, stream.cursor).position == 7
            # What others get moves this one on as well.
            hub.deliver([], Place(41, clock.now()))
            assert await anext(batches) == []
            assert cursors.read(WORKSPACE, stream.cursor).position == 41
        assert hub.count == 0

    asyncio.run(asyncio.wait_for(work(), 10))
