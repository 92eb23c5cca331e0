"""The invariant is a view without rows; here are rows for it."""

import pytest

from server.core.db import db
from server.webhooks.models import Attempt, Lane, OpenDelivery
from tests.webhooks.factories import make_endpoint
from tests.webhooks.flow import claim, drain, later, outcome, problems, publish, record


@pytest.fixture
def endpoint(worker):
    endpoint = make_endpoint(worker, ordering="PER_KEY")
    publish(worker, "a", "b", "c", ordering_key="k")
    drain()
    record(claim())
    record(claim(), outcome(500))
    publish(worker, "d")
    assert problems() == []
    return endpoint


def as_owner(sql: str) -> None:
    db.execute_sql("SET LOCAL ROLE NONE")
    db.execute_sql(sql)
    db.execute_sql("SET LOCAL ROLE userdata_worker")


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        ("DELETE FROM event_pending", ["NOT_DRAINED"]),
        ("DELETE FROM event_feed WHERE type = 'c'", []),
        ("DELETE FROM webhook_delivery", ["DELIVERY_MISSING"]),
        ("DELETE FROM webhook_open_delivery WHERE type = 'c'", ["DELIVERY_MISSING"]),
        ("UPDATE webhook_open_delivery SET due_time = 'infinity'", ["NOT_DUE"]),
        ("UPDATE webhook_open_delivery SET ordering_key = NULL", ["NOT_DUE"]),
        ("UPDATE webhook_lane SET due_time = 'infinity'", ["NOT_SCHEDULED"]),
        ("UPDATE webhook_lane SET due_time = 'infinity', blocked_time = 'infinity'", []),
        ("DELETE FROM webhook_lane", ["NOT_SCHEDULED"]),
        ("DELETE FROM webhook_attempt WHERE error = ''", ["ATTEMPTS_DIFFER"]),
    ],
)
def test_each_kind_of_loss_is_seen(endpoint, harm: str, expected: list[str]) -> None:
    as_owner(harm)
    assert problems() == expected


def test_a_delivery_cannot_be_open_and_finished(endpoint) -> None:
    as_owner(
        "INSERT INTO webhook_delivery SELECT endpoint_id, event_id, event_time, workspace_id, type, position,"
        " ordering_key, 'SUCCEEDED', trigger, attempts, revision, replay_id, create_time, update_time"
        " FROM webhook_open_delivery WHERE type = 'b'"
    )
    assert problems() == ["FINISHED_AND_OPEN"]


def test_a_lane_has_to_be_looked_at_when_a_lease_ends(endpoint) -> None:
    OpenDelivery.update(due_time=later(seconds=-1)).where(OpenDelivery.type == "b").execute()
    Lane.update(due_time=later(seconds=-1)).execute()
    assert len(claim()) == 1
    assert problems() == []
    Lane.update(due_time=later(minutes=10)).execute()
    assert problems() == ["NOT_SCHEDULED"]


def test_attempts_are_counted_once_each(endpoint) -> None:
    assert Attempt.select().count() == 2
    as_owner(
        "INSERT INTO webhook_attempt SELECT endpoint_id, event_id, event_time, 2, workspace_id, trigger, start_time,"
        " dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, status, error, response_headers, response_body, address,"
        " detail, resent"
        " FROM webhook_attempt WHERE error = ''"
    )
    assert problems() == ["ATTEMPTS_DIFFER"]
