"""What deliveries are made of is read once for many of them, and not all of it is kept."""

import pytest

from server.core.db import db
from server.webhooks.service.targets import Stock
from tests.webhooks.factories import make_endpoint
from tests.webhooks.flow import claim, drain, publish


def claimed(worker, count: int, **fields):
    """Deliveries of so many events to one endpoint, claimed."""
    make_endpoint(worker)
    publish(worker, *["order.paid"] * count, **fields)
    drain()
    return claim()


def forget_events() -> None:
    db.execute_sql("SET LOCAL ROLE NONE")
    db.execute_sql("DELETE FROM event")
    db.execute_sql("SET LOCAL ROLE userdata_worker")


def test_events_that_were_read_are_kept(worker) -> None:
    deliveries = claimed(worker, 20)
    stock = Stock()
    first = stock.parts(deliveries)
    forget_events()
    assert stock.parts(deliveries) == first
    assert len(first) == 20


@pytest.mark.parametrize(("length", "most"), [(1, 15), (10_000, 1)])
def test_they_are_bounded_by_their_number_and_by_their_data(worker, length, most) -> None:
    deliveries = claimed(worker, 20, data={"text": "x" * length})
    stock = Stock(events=16_000)
    assert len(stock.parts(deliveries)) == 20
    forget_events()
    assert len(stock.parts(deliveries)) == most
