"""What people and workers do to one delivery at the same moment, with real threads on committed rows."""

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest

from server.core import clock, ids, tenancy
from server.core.db import db
from server.webhooks.models import Attempt, Delivery, OpenDelivery
from server.webhooks.queries import recording
from server.webhooks.queries.recording import Ended
from server.webhooks.service import replays
from tests.accounts.factories import make_person
from tests.support.client import RpcError
from tests.support.parallel import endings
from tests.webhooks.factories import evt, make_delivery, make_endpoint, make_event, whe
from tests.workspaces.factories import by, make_workspace, ws
from userdata.webhooks.v1.delivery_service_pb2 import CancelDeliveryRequest, RetryDeliveryRequest
from userdata.webhooks.v1.replay_pb2 import Replay, ReplaySelection
from userdata.webhooks.v1.replay_service_pb2 import CancelReplayRequest, CreateReplayRequest

DELIVERIES = "userdata.webhooks.v1.DeliveryService/"
REPLAYS = "userdata.webhooks.v1.ReplayService/"
CLAIM = ids.new()


class World:
    """A committed workspace with an endpoint, and the calls of its owner."""

    def __init__(self):
        with tenancy.transaction():
            self.owner = make_person()
            self.workspace = make_workspace(self.owner)
            self.endpoint = make_endpoint(self.workspace)

    def delivery(self, state, **values):
        """A committed event with its delivery."""
        with tenancy.transaction(workspace=self.workspace.id):
            event = make_event(self.workspace)
            make_delivery(self.endpoint, event, state, **values)
        return event

    def retry(self, event):
        return self._call("RetryDelivery", RetryDeliveryRequest, event)

    def cancel(self, event):
        return self._call("CancelDelivery", CancelDeliveryRequest, event)

    def _call(self, method, request, event):
        named = {"workspace_id": ws(self.workspace), "endpoint_id": whe(self.endpoint), "event_id": evt(event)}
        return by(self.owner)(DELIVERIES + method, request(**named))

    def replay(self):
        selection = ReplaySelection(start_time=clock.now() - timedelta(days=1))
        request = CreateReplayRequest(workspace_id=ws(self.workspace), replay=Replay(selection=selection))
        return ids.decode("whr", by(self.owner)(REPLAYS + "CreateReplay", request).id)

    def advance(self, replay_id):
        with tenancy.transaction(workspace=self.workspace.id):
            replays.advance(self.workspace.id, replay_id)

    def cancel_replay(self, replay_id):
        request = CancelReplayRequest(workspace_id=ws(self.workspace), replay_id=ids.encode("whr", replay_id))
        return by(self.owner)(REPLAYS + "CancelReplay", request)

    def states(self):
        """The states of all deliveries, and how many attempts were recorded."""
        with tenancy.transaction(workspace=self.workspace.id):
            rows = [*OpenDelivery.select(), *Delivery.select()]
            return sorted(row.state for row in rows), Attempt.select().count()


@pytest.fixture
def world(committed):
    return World()


def succeeded(world, event):
    """What a worker records of its claim."""
    return Ended(
        endpoint_id=world.endpoint.id,
        event_id=event.id,
        claim=CLAIM,
        state="SUCCEEDED",
        due_time=None,
        tries=1,
        start_time=clock.now(),
        dns_ms=None,
        connect_ms=None,
        tls_ms=None,
        first_byte_ms=1,
        total_ms=2,
        status=200,
        error="",
        response_headers=json.dumps({}),
        response_body=b"",
        address="",
        detail="",
        resent=False,
    )


def claimed(world):
    return world.delivery("DELIVERING", claim=CLAIM, lease_time=clock.now() + timedelta(minutes=1))


def test_many_retries_of_one_delivery_open_it_once(world):
    event = world.delivery("FAILED", attempts=10)
    assert endings([partial(world.retry, event)] * 8) == ["OK"] * 8
    assert world.states() == (["PENDING"], 0)


def test_a_retry_while_the_attempt_is_being_recorded_is_refused_and_loses_nothing(world):
    event = claimed(world)
    with tenancy.transaction(workspace=world.workspace.id):
        assert recording.record([succeeded(world, event)], now=clock.now()) == [0]
        with ThreadPoolExecutor(1) as pool:
            answers = pool.submit(endings, [partial(world.retry, event)]).result(timeout=30)
    assert answers == ["DELIVERY_OPEN"]
    assert world.states() == (["SUCCEEDED"], 1)


def test_a_retry_and_a_record_at_once_end_in_one_delivery(world):
    for _ in range(10):
        event = claimed(world)

        def record(event=event):
            with tenancy.transaction(workspace=world.workspace.id):
                assert recording.record([succeeded(world, event)], now=clock.now()) == [0]

        answers = endings([record, partial(world.retry, event)])
        assert answers in (["OK", "OK"], ["OK", "DELIVERY_OPEN"])
    states, attempts = world.states()
    assert (len(states), attempts) == (10, 10)
    assert set(states) <= {"SUCCEEDED", "PENDING"}


def test_cancelling_and_retrying_at_once_end_in_one_delivery(world):
    for _ in range(10):
        event = world.delivery("RETRYING", due_time=clock.now() + timedelta(hours=1))
        answers = endings([partial(world.cancel, event), partial(world.retry, event)])
        assert answers == ["OK", "OK"]
    states, _ = world.states()
    assert len(states) == 10
    assert set(states) <= {"CANCELLED", "PENDING"}


def test_replays_and_retries_of_the_same_deliveries_open_each_once(world):
    events = [world.delivery("FAILED", attempts=3) for _ in range(40)]
    first, second = world.replay(), world.replay()
    retries = [partial(world.retry, event) for event in events[::10]]
    assert endings([partial(world.advance, first), partial(world.advance, second), *retries]) == ["OK"] * 6
    assert world.states() == (["PENDING"] * 40, 0)
    with tenancy.transaction(workspace=world.workspace.id):
        triggers = Counter(row.trigger for row in OpenDelivery.select())
    assert triggers["REPLAY"] + triggers["MANUAL"] == 40


def test_cancelling_a_replay_waits_for_the_run_that_is_under_way(world):
    world.delivery("FAILED")
    replay_id = world.replay()
    ran, answers = threading.Event(), []

    def cancel():
        ran.set()
        try:
            world.cancel_replay(replay_id)
        except RpcError as error:
            answers.append(error.reason)
        finally:
            db.close()

    with tenancy.transaction(workspace=world.workspace.id):
        replays.advance(world.workspace.id, replay_id)
        thread = threading.Thread(target=cancel)
        thread.start()
        assert ran.wait(30)
    thread.join(30)
    world.advance(replay_id)
    assert answers == []
    assert world.states() == (["PENDING"], 0)
