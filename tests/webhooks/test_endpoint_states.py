"""Pausing, resuming and disabling endpoints, and what becomes of the open deliveries of a deleted one."""

from datetime import UTC, timedelta

import pytest

from server.core import clock, ids, tenancy
from server.core.models import Job
from server.webhooks.models import Attempt, Delivery, Endpoint, Lane, OpenDelivery
from server.webhooks.service import cancelling, mail
from server.webhooks.service.disabling import disable
from server.workspaces.roles import Role
from tests.accounts.world import as_worker
from tests.support.client import RpcError
from tests.webhooks.factories import ask, create, make_endpoint, update, whe
from tests.workspaces.factories import alter, by, events_of, make_member, make_workspace
from userdata.jobs.v1.webhooks_pb2 import CancelDeliveries, SendEndpointDisabledEmail
from userdata.webhooks.v1 import endpoint_pb2

ACTIVE, PAUSED, DISABLED = (
    endpoint_pb2.ENDPOINT_STATE_ACTIVE,
    endpoint_pb2.ENDPOINT_STATE_PAUSED,
    endpoint_pb2.ENDPOINT_STATE_DISABLED,
)


def refusal(action, *args, **kwargs):
    with pytest.raises(RpcError) as caught:
        action(*args, **kwargs)
    return caught.value


def make_open(endpoint, **values):
    now = clock.now()
    event_id = ids.new_at(now)
    defaults = {"event_time": ids.time_of(event_id), "type": "order.paid", "position": 1, "due_time": now}
    return OpenDelivery.create(
        endpoint_id=endpoint.id, event_id=event_id, workspace_id=endpoint.workspace, **(defaults | values)
    )


def given_up(endpoint, reason="GONE"):
    with as_worker():
        return disable(endpoint.workspace, endpoint.id, reason)


def is_blocked(endpoint):
    where = (Lane.endpoint == endpoint.id) & (Lane.blocked_time == "infinity") & (Lane.due_time == "infinity")
    return Lane.select().where(where).exists()


def jobs_of(message):
    with as_worker():
        return [
            message.FromString(bytes(row.payload))
            for row in Job.select().where(Job.type == message.DESCRIPTOR.full_name)
        ]


def test_a_paused_endpoint_is_blocked_until_it_is_resumed(ada, acme):
    endpoint = make_endpoint(acme)
    paused = ask(by(ada), "PauseEndpoint", acme, whe(endpoint))
    assert paused.state == PAUSED
    assert is_blocked(endpoint)
    resumed = ask(by(ada), "ResumeEndpoint", acme, whe(endpoint))
    assert (resumed.state, resumed.etag != paused.etag) == (ACTIVE, True)
    lane = Lane.get()
    assert lane.blocked_time <= clock.now()
    assert lane.due_time <= clock.now()
    assert [name for name, _ in events_of(acme.id)] == ["webhook.endpoint.paused", "webhook.endpoint.resumed"]


def test_pausing_or_resuming_twice_changes_nothing(ada, acme):
    endpoint = make_endpoint(acme)
    first = ask(by(ada), "ResumeEndpoint", acme, whe(endpoint))
    paused = ask(by(ada), "PauseEndpoint", acme, whe(endpoint))
    assert first.state == ACTIVE
    assert ask(by(ada), "PauseEndpoint", acme, whe(endpoint)) == paused
    assert [name for name, _ in events_of(acme.id)] == ["webhook.endpoint.paused"]


def test_resuming_closes_the_breaker(ada, acme):
    endpoint = make_endpoint(acme, state="PAUSED")
    Lane.update(breaker="OPEN", opened=3, window_attempts=10, window_failures=9, failing_time=clock.now()).execute()
    assert ask(by(ada), "GetEndpoint", acme, whe(endpoint)).breaker.open
    assert not ask(by(ada), "ResumeEndpoint", acme, whe(endpoint)).breaker.open
    lane = Lane.get()
    assert (lane.breaker, lane.opened, lane.window_failures, lane.failing_time) == ("CLOSED", 0, 0, None)


def test_an_open_breaker_says_when_it_probes(ada, acme):
    endpoint = make_endpoint(acme)
    probe_time = clock.now() + timedelta(seconds=30)
    Lane.update(breaker="OPEN", blocked_time=probe_time).execute()
    breaker = ask(by(ada), "GetEndpoint", acme, whe(endpoint)).breaker
    assert breaker.open
    assert breaker.probe_time.ToMicroseconds() == int(probe_time.timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("GONE", endpoint_pb2.ENDPOINT_STATE_REASON_GONE), ("FAILING", endpoint_pb2.ENDPOINT_STATE_REASON_FAILING)],
)
def test_a_disabled_endpoint_says_why_until_it_is_resumed(ada, acme, reason, shown):
    endpoint = make_endpoint(acme)
    assert given_up(endpoint, reason)
    assert is_blocked(endpoint)
    read = ask(by(ada), "GetEndpoint", acme, whe(endpoint))
    assert (read.state, read.state_reason) == (DISABLED, shown)
    name, payload = events_of(acme.id)[-1]
    assert name == "webhook.endpoint.disabled"
    assert payload["endpoint"]["stateReason"] == f"ENDPOINT_STATE_REASON_{reason}"
    assert refusal(ask, by(ada), "PauseEndpoint", acme, whe(endpoint)).reason == "ENDPOINT_DISABLED"
    resumed = ask(by(ada), "ResumeEndpoint", acme, whe(endpoint))
    assert (resumed.state, resumed.state_reason) == (ACTIVE, 0)


@pytest.mark.parametrize("state", ["PAUSED", "DISABLED"])
def test_only_an_active_endpoint_is_disabled(acme, state):
    endpoint = make_endpoint(acme, state=state)
    assert not given_up(endpoint)
    assert Endpoint.get().state == state


def test_all_owners_are_written_to_and_nobody_else(ada, acme):
    grace = make_member(acme, Role.OWNER)
    make_member(acme, Role.ADMIN)
    endpoint = make_endpoint(acme)
    given_up(endpoint)
    found = {job.user_id for job in jobs_of(SendEndpointDisabledEmail)}
    assert found == {ids.encode("usr", person.user.id) for person in (ada, grace)}


def test_the_letter_says_which_endpoint_and_why(ada, acme):
    endpoint = make_endpoint(acme, url="https://hooks.example.com/orders")
    given_up(endpoint, "FAILING")
    letter = mail.endpoint_disabled(acme.id, endpoint.id, ada.user.id)
    assert letter is not None
    assert (letter.to, letter.template) == ("ada@example.com", "endpoint_disabled")
    assert letter.values["url"] == "https://hooks.example.com/orders"
    assert letter.values["workspace_name"] == "Acme Engines"
    assert letter.values["cause"] == "Every attempt of the last five days failed."
    assert letter.values["link"].endswith(f"/endpoints/{whe(endpoint)}")


def test_there_is_no_letter_about_what_is_over(ada, acme):
    endpoint = make_endpoint(acme)
    assert mail.endpoint_disabled(acme.id, endpoint.id, ada.user.id) is None
    given_up(endpoint)
    stranger = make_workspace(ada)
    assert mail.endpoint_disabled(stranger.id, endpoint.id, ada.user.id) is None
    alter(acme, delete_time=clock.now(), purge_time=clock.now() + timedelta(days=30))
    assert mail.endpoint_disabled(acme.id, endpoint.id, ada.user.id) is None


def cancel(endpoint, *, after_seconds=0):
    """What the job does so many seconds after the endpoint was deleted; gives after how many more it comes back."""
    (job,) = jobs_of(CancelDeliveries)
    delete_time = job.delete_time.ToDatetime(tzinfo=UTC)
    with as_worker(), clock.frozen(delete_time + timedelta(seconds=after_seconds)):
        again = cancelling.cancel(endpoint.workspace, endpoint.id, delete_time=delete_time)
        return None if again is None else (again - clock.now()).total_seconds()


def test_open_deliveries_of_a_deleted_endpoint_are_cancelled(ada, acme):
    endpoint, other = make_endpoint(acme), make_endpoint(acme)
    for number in range(3):
        make_open(endpoint, attempts=number, state="RETRYING", due_time=clock.now() + timedelta(hours=number))
    make_open(endpoint, due_time="infinity", ordering_key="a")
    make_open(other)
    ask(by(ada), "DeleteEndpoint", acme, whe(endpoint))
    tenancy.enter(acme.id)
    cancel(endpoint)
    assert [row.endpoint_id for row in OpenDelivery.select()] == [other.id]
    assert sorted((row.state, row.attempts) for row in Delivery.select()) == [
        ("CANCELLED", 0),
        ("CANCELLED", 0),
        ("CANCELLED", 1),
        ("CANCELLED", 2),
    ]


def test_a_job_cancels_a_batch_and_comes_back_for_the_rest(ada, acme, monkeypatch):
    monkeypatch.setattr(cancelling, "_BATCH", 2)
    endpoint = make_endpoint(acme)
    for _ in range(3):
        make_open(endpoint)
    ask(by(ada), "DeleteEndpoint", acme, whe(endpoint))
    tenancy.enter(acme.id)
    assert cancel(endpoint) == 0
    assert OpenDelivery.select().count() == 1
    assert cancel(endpoint) > 0
    assert OpenDelivery.select().count() == 0


def test_what_a_late_fan_out_opens_is_cancelled_too(ada, acme):
    endpoint = make_endpoint(acme)
    ask(by(ada), "DeleteEndpoint", acme, whe(endpoint))
    tenancy.enter(acme.id)
    assert [cancel(endpoint, after_seconds=seconds) for seconds in (0, 1, 2, 4, 8)] == [1, 1, 2, 4, 8]
    make_open(endpoint)
    assert cancel(endpoint, after_seconds=16) == 16
    assert [row.state for row in Delivery.select()] == ["CANCELLED"]
    assert cancel(endpoint, after_seconds=32) is None


def test_what_is_being_sent_to_a_deleted_endpoint_is_cancelled_after_its_lease(ada, acme):
    endpoint = make_endpoint(acme)
    lease_time = clock.now() + timedelta(seconds=50)
    make_open(endpoint, state="DELIVERING", claim=ids.new(), lease_time=lease_time)
    ask(by(ada), "DeleteEndpoint", acme, whe(endpoint))
    tenancy.enter(acme.id)
    assert cancel(endpoint, after_seconds=40) == 40
    assert OpenDelivery.select().count() == 1
    assert cancel(endpoint, after_seconds=80) is None
    assert [(row.state, row.attempts) for row in Delivery.select()] == [("CANCELLED", 1)]
    assert [(row.number, row.error) for row in Attempt.select()] == [(1, "INTERRUPTED")]


def test_a_change_of_the_url_ends_its_verification(ada, acme):
    endpoint = create(by(ada), acme)
    Endpoint.update(verify_time=clock.now()).execute()
    assert update(by(ada), acme, endpoint.id, "description", description="x").HasField("verify_time")
    after = update(by(ada), acme, endpoint.id, "url", url="https://hooks.example.com/b")
    assert not after.HasField("verify_time")
