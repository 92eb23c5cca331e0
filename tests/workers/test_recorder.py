"""The recorder: what cannot be written keeps nothing else back, and what was in the way is tried again."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import peewee
import pytest

from server.core.errors import Unavailable
from server.webhooks.service.recording import Recorded, Result
from tests.webhooks.flow import outcome
from workers.delivering import recorder


class Table:
    """Stands where the database does: takes batches, and refuses as it is told to."""

    def __init__(self, *refusals: Exception, bad: str = "") -> None:
        self.refusals = list(refusals)
        self.bad = bad
        self.written: list[Any] = []

    def write(self, batch: Any) -> Recorded:
        if self.refusals:
            raise self.refusals.pop(0)
        if self.bad in batch:
            raise ValueError("cannot be written")
        self.written += batch
        return Recorded([], 0, [])


def recorded(monkeypatch: pytest.MonkeyPatch, table: Table, batch: list[Any]) -> list[Any]:
    """What of a batch was written."""
    monkeypatch.setattr(recorder, "_write", table.write)
    monkeypatch.setattr(recorder, "_AGAIN_S", 0.001)
    recorder.record(batch)
    return table.written


@pytest.mark.parametrize("bad", ["a", "d", "g"])
def test_one_that_cannot_be_written_keeps_back_no_other(monkeypatch, bad) -> None:
    batch = list("abcdefg")
    assert recorded(monkeypatch, Table(bad=bad), batch) == [name for name in batch if name != bad]


def test_a_database_that_is_away_is_waited_for(monkeypatch) -> None:
    assert recorded(monkeypatch, Table(*[Unavailable()] * 30), ["a", "b"]) == ["a", "b"]


def test_a_deadlock_is_tried_again_whole(monkeypatch) -> None:
    table = Table(*[peewee.OperationalError("deadlock detected")] * 3)
    assert recorded(monkeypatch, table, ["a", "b"]) == ["a", "b"]


def test_what_is_always_in_the_way_is_split(monkeypatch) -> None:
    table = Table(*[peewee.OperationalError("too long")] * 5)
    assert recorded(monkeypatch, table, ["a", "b"]) == ["a", "b"]


def test_bodies_bound_a_batch(monkeypatch) -> None:
    batches: list[list[Any]] = []
    monkeypatch.setattr(recorder, "record", batches.append)
    delivery: Any = None
    results = [Result(delivery, outcome(response_body=body)) for body in [b"x" * 300_000] * 4 + [b""] * 10]

    async def scene() -> None:
        with ThreadPoolExecutor(1) as executor:
            keeper = recorder.Recorder(executor, lambda _: None)
            for result in results:
                keeper.add(result)
            keeper.close()
            await keeper.run()

    asyncio.run(scene())
    assert [len(batch) for batch in batches] == [2, 2, 10]
    assert [result for batch in batches for result in batch] == results
