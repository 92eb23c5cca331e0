"""Committed events become deliveries: to whom, why not, and when."""

import pytest

from server.core import clock, tenancy
from server.events import patterns
from server.webhooks.models import Endpoint
from tests.accounts.factories import make_person
from tests.webhooks.factories import make_endpoint
from tests.webhooks.flow import claim, drain, lane_of, open_of, problems, publish, record, skips_of
from tests.workspaces.factories import make_workspace


@pytest.mark.parametrize(
    ("pattern", "event_type", "expected"),
    [
        ("order.paid", "order.paid", True),
        ("order.paid", "order.paid.late", False),
        ("order.*", "order.paid", True),
        ("order.*", "order.paid.late", True),
        ("order.*", "order", False),
        ("order.*", "orders.paid", False),
        ("order.paid", "order.Paid", False),
    ],
)
def test_a_type_is_matched_exactly_or_by_its_prefix(pattern: str, event_type: str, expected: bool) -> None:  # noqa: FBT001
    assert patterns.matches(pattern, event_type) is expected


def test_an_event_goes_to_every_endpoint_that_subscribes(worker) -> None:
    everything = make_endpoint(worker)
    orders = make_endpoint(worker, event_types=["order.*", "order.paid"])
    users = make_endpoint(worker, event_types=["user.created"])
    paid, _left = publish(worker, "order.paid", "user.left")
    assert drain() == [2, 1]
    assert [row[0] for row in open_of(orders)] == [paid]
    assert len(open_of(everything)) == 2
    assert open_of(users) == skips_of(users) == []
    assert problems() == []


def test_channels_have_to_be_shared_when_the_endpoint_names_any(worker) -> None:
    both = make_endpoint(worker, channels=["eu", "us"])
    every = make_endpoint(worker)
    publish(worker, "order.paid", channels=("eu",))
    publish(worker, "order.paid", channels=("asia",))
    publish(worker, "order.paid")
    assert drain() == [2, 1, 1]
    assert (len(open_of(both)), len(open_of(every))) == (1, 3)


def test_a_filter_decides_and_what_it_refuses_is_kept(worker) -> None:
    endpoint = make_endpoint(worker, filter="event.data.total > 100")
    small, large = publish(worker, "order.paid"), publish(worker, "order.paid", data={"total": 101})
    (broken,) = publish(worker, "order.paid", data={"sum": 1})
    assert drain() == [0, 1, 0]
    assert [row[0] for row in open_of(endpoint)] == large
    assert skips_of(endpoint) == [(*small, "FILTERED"), (broken, "FILTER_FAILED")]


def test_a_disabled_endpoint_is_told_of_and_a_deleted_one_is_not(worker) -> None:
    disabled = make_endpoint(worker, state="DISABLED")
    deleted = make_endpoint(worker, delete_time=clock.now())
    (event,) = publish(worker, "order.paid")
    assert drain() == [0]
    assert skips_of(disabled) == [(event, "DISABLED")]
    assert skips_of(deleted) == open_of(deleted) == []


def test_what_a_paused_endpoint_gets_waits_for_it(worker) -> None:
    paused = make_endpoint(worker, state="PAUSED")
    publish(worker, "order.paid")
    assert drain() == [1]
    assert [row[1] for row in open_of(paused)] == ["HELD"]
    assert lane_of(paused)[:2] == (None, None)
    assert claim() == []
    assert problems() == []


def test_endpoints_of_other_workspaces_get_nothing(worker) -> None:
    other = make_workspace(make_person(), slug="other")
    theirs = make_endpoint(other)
    tenancy.enter(worker.id)
    publish(worker, "order.paid")
    assert drain() == [0]
    assert open_of(theirs) == []


def test_one_batch_may_be_of_many_workspaces(worker) -> None:
    others = [make_workspace(make_person(), slug=f"other-{number}") for number in range(3)]
    endpoints = [make_endpoint(workspace) for workspace in (worker, *others)]
    for workspace in (worker, *others):
        publish(workspace, "order.paid", "order.sent")
    assert drain() == [1] * 8
    assert [len(open_of(endpoint)) for endpoint in endpoints] == [2] * 4


def test_the_lanes_of_those_who_get_something_are_due(worker) -> None:
    endpoint, other = make_endpoint(worker), make_endpoint(worker, event_types=["user.created"])
    publish(worker, "order.paid")
    drain()
    assert lane_of(endpoint)[0] <= clock.now()
    assert lane_of(other)[0] is None


def keyed(worker) -> Endpoint:
    return make_endpoint(worker, ordering="PER_KEY")


def test_of_a_key_only_the_first_is_due(worker) -> None:
    endpoint = keyed(worker)
    first, _ = publish(worker, "a", "b", ordering_key="k")
    (other,) = publish(worker, "c", ordering_key="l")
    (free,) = publish(worker, "d")
    drain()
    assert {row[0] for row in open_of(endpoint) if row[2]} == {first, other, free}
    publish(worker, "e", ordering_key="k")
    drain()
    assert {row[0] for row in open_of(endpoint) if row[2]} == {first, other, free}
    assert problems() == []


def test_a_key_whose_deliveries_are_over_is_free(worker) -> None:
    endpoint = keyed(worker)
    publish(worker, "a", ordering_key="k")
    drain()
    record(claim())
    (second,) = publish(worker, "b", ordering_key="k")
    drain()
    assert [row[0] for row in open_of(endpoint) if row[2]] == [second]


def test_a_key_means_nothing_to_an_endpoint_without_order(worker) -> None:
    endpoint = make_endpoint(worker)
    publish(worker, "a", "b", ordering_key="k")
    drain()
    assert all(row[2] for row in open_of(endpoint))
    assert len(claim()) == 2


def test_a_workspace_without_endpoints_is_remembered_in_the_feed(worker) -> None:
    publish(worker, "order.paid")
    assert drain() == [0]
    assert problems() == []
