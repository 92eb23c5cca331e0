"""Replays: what they select, what they open, and that they come to an end whatever happens on the way."""

from datetime import timedelta
from typing import Any

import pytest

from server.core import clock, ids
from server.core.db import db
from server.webhooks.models import Endpoint, EndpointVersion, Lane, Replay
from server.webhooks.service import replaying, replays
from server.workspaces.models import Workspace
from tests.accounts.factories import make_person
from tests.support.client import RpcError
from tests.webhooks.factories import (
    evt,
    finished_rows,
    make_delivery,
    make_endpoint,
    make_event,
    open_rows,
    whe,
)
from tests.workspaces.factories import by, make_workspace, ws
from userdata.jobs.v1.webhooks_pb2 import ContinueReplay
from userdata.webhooks.v1 import replay_pb2
from userdata.webhooks.v1 import replay_service_pb2 as pb

SERVICE = "userdata.webhooks.v1.ReplayService/"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
THEN = replay_pb2.REPLAY_CONFIGURATION_THEN


@pytest.fixture
def endpoint(acme):
    return make_endpoint(acme, create_time=clock.now() - 40 * DAY)


@pytest.fixture
def replay(ada, acme):
    """Creates a replay of what failed in the last 30 days, unless the call says otherwise."""

    def create(*states, since=30 * DAY, until=None, endpoint=None, types=(), validate_only=False, **fields):
        selection = replay_pb2.ReplaySelection(
            start_time=clock.now() - since,
            end_time=clock.now() - until if until else None,
            event_types=types,
            endpoint_id=whe(endpoint) if endpoint else "",
            states=[f"REPLAY_STATE_FILTER_{state}" for state in states],
        )
        message = replay_pb2.Replay(selection=selection, **fields)
        request = pb.CreateReplayRequest(workspace_id=ws(acme), replay=message, validate_only=validate_only)
        return by(ada)(SERVICE + "CreateReplay", request)

    return create


def jobs():
    """The jobs that wait: what they say and when they run."""
    db.execute_sql("SAVEPOINT look; SET LOCAL ROLE NONE")
    rows = db.execute_sql(
        "SELECT payload, run_time FROM job WHERE type = %s ORDER BY id", (ContinueReplay.DESCRIPTOR.full_name,)
    )
    found = [(ContinueReplay.FromString(bytes(payload)), run_time) for payload, run_time in rows.fetchall()]
    db.execute_sql("ROLLBACK TO look; RELEASE look")
    return found


def finish_jobs():
    db.execute_sql("SAVEPOINT work; SET LOCAL ROLE NONE")
    db.execute_sql("DELETE FROM job")
    db.execute_sql("SET LOCAL ROLE userdata_app; RELEASE work")


def work(acme, created, *, most=100):
    """Run the replay's jobs until none waits; gives how many runs there were."""
    for runs in range(most):
        waiting = jobs()
        if not waiting:
            return runs
        finish_jobs()
        for job, _ in waiting:
            assert (job.workspace_id, job.replay_id) == (ws(acme), created.id)
            replays.advance(acme.id, ids.decode("whr", created.id))
    raise AssertionError("the replay does not end")


def get(ada, acme, created):
    return by(ada)(SERVICE + "GetReplay", pb.GetReplayRequest(workspace_id=ws(acme), replay_id=created.id))


def opened(*endpoints):
    return [ids.encode("evt", row.event_id) for endpoint in endpoints for row in open_rows(endpoint)]


def test_what_failed_is_opened_again_the_oldest_first(ada, acme, endpoint, replay):
    events = [make_event(acme, at=clock.now() - age * HOUR * 20) for age in range(5)]
    for event, state in zip(events, ["SUCCEEDED", "FAILED", "CANCELLED", "FAILED", "RETRYING"], strict=True):
        make_delivery(endpoint, event, state, attempts=3)
    created = replay()
    assert (created.total_count, created.total_is_least) == (2, False)
    assert created.state == replay_pb2.REPLAY_STATE_RUNNING
    work(acme, created)
    found = get(ada, acme, created)
    assert (found.state, found.replayed_count) == (replay_pb2.REPLAY_STATE_SUCCEEDED, 2)
    reopened = [row for row in open_rows(endpoint) if row.trigger == "REPLAY"]
    assert [evt(event) for event in (events[3], events[1])] == [ids.encode("evt", row.event_id) for row in reopened]
    assert {(row.state, row.attempts, row.tries, row.revision) for row in reopened} == {("PENDING", 3, 0, None)}
    assert {row.replay_id for row in reopened} == {ids.decode("whr", created.id)}
    assert [row.state for row in finished_rows(endpoint)] == ["CANCELLED", "SUCCEEDED"]
    assert Lane.get(Lane.endpoint == endpoint.id).due_time <= clock.now()


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["SUCCEEDED"], {"SUCCEEDED"}),
        (["CANCELLED"], {"CANCELLED"}),
        (["FAILED", "CANCELLED"], {"FAILED", "CANCELLED"}),
        (["SUCCEEDED", "FAILED"], {"SUCCEEDED", "FAILED"}),
    ],
)
def test_states_are_chosen(acme, endpoint, replay, states, expected):
    events = {state: make_event(acme, at=clock.now() - HOUR) for state in ("SUCCEEDED", "FAILED", "CANCELLED")}
    for state, event in events.items():
        make_delivery(endpoint, event, state)
    created = replay(*states)
    assert created.total_count == len(expected)
    work(acme, created)
    assert set(opened(endpoint)) == {evt(events[state]) for state in expected}


def test_time_type_and_endpoint_are_chosen(acme, endpoint, replay):
    other = make_endpoint(acme)
    wanted = make_event(acme, "order.paid", at=clock.now() - 5 * HOUR)
    for event in (
        wanted,
        make_event(acme, "order_paid.late", at=clock.now() - 5 * HOUR),
        make_event(acme, "order.paid", at=clock.now() - 11 * HOUR),
        make_event(acme, "order.paid", at=clock.now() - 1 * HOUR),
    ):
        make_delivery(endpoint, event, "FAILED")
        make_delivery(other, event, "FAILED")
    created = replay(since=10 * HOUR, until=2 * HOUR, types=["order.*", "user.created"], endpoint=endpoint)
    assert created.total_count == 1
    work(acme, created)
    assert opened(endpoint, other) == [evt(wanted)]


def test_all_endpoints_but_the_disabled_and_the_deleted(acme, endpoint, replay):
    paused = make_endpoint(acme, state="PAUSED")
    disabled = make_endpoint(acme, state="DISABLED")
    deleted = make_endpoint(acme, delete_time=clock.now())
    event = make_event(acme, at=clock.now() - HOUR)
    for each in (endpoint, paused, disabled, deleted):
        make_delivery(each, event, "FAILED")
    work(acme, replay())
    assert [row.state for row in open_rows(endpoint)] == ["PENDING"]
    assert [row.state for row in open_rows(paused)] == ["HELD"]
    assert opened(disabled, deleted) == []


def test_validating_only_counts(ada, acme, endpoint, replay):
    for age in range(3):
        make_delivery(endpoint, make_event(acme, at=clock.now() - age * DAY), "FAILED")
    found = replay(validate_only=True)
    assert (found.id, found.total_count) == ("", 3)
    assert Replay.select().count() == 0
    assert jobs() == []
    assert opened(endpoint) == []


class TestMissing:
    def test_events_that_match_and_never_were_delivered_are(self, ada, acme, replay):
        before = [make_event(acme, at=clock.now() - age * DAY) for age in (3, 2, 1)]
        other = make_event(acme, "user.created", at=clock.now() - DAY)
        waiting = make_event(acme, at=clock.now() - HOUR, fed=False)
        late = make_endpoint(acme, event_types=["order.*"])
        make_delivery(late, before[1], "SUCCEEDED")
        make_delivery(late, before[2], "RETRYING")
        created = replay("MISSING", endpoint=late)
        assert created.total_count == 1
        work(acme, created)
        rows = [row for row in open_rows(late) if row.trigger == "REPLAY"]
        assert [row.event_id for row in rows] == [before[0].id]
        assert (rows[0].state, rows[0].type, rows[0].attempts) == ("PENDING", "order.paid", 0)
        assert rows[0].event_time == before[0].create_time
        assert {other.id, waiting.id}.isdisjoint(row.event_id for row in open_rows(late))
        assert get(ada, acme, created).replayed_count == 1

    def test_filters_are_evaluated(self, acme, replay):
        cheap = make_event(acme, at=clock.now() - HOUR, data={"amount": 1})
        dear = make_event(acme, at=clock.now() - HOUR, data={"amount": 100})
        late = make_endpoint(acme, filter="event.data.amount > 50")
        work(acme, replay("MISSING", endpoint=late))
        assert opened(late) == [evt(dear)]
        assert evt(cheap) not in opened(late)

    def test_channels_count(self, acme, replay):
        here, _ = (make_event(acme, at=clock.now() - HOUR, channels=[name]) for name in ("eu", "us"))
        late = make_endpoint(acme, channels=["eu"])
        work(acme, replay("MISSING", endpoint=late))
        assert opened(late) == [evt(here)]

    def test_with_what_failed_in_one_replay(self, acme, endpoint, replay):
        failed, missing = (make_event(acme, at=clock.now() - age * HOUR) for age in (2, 1))
        make_delivery(endpoint, failed, "FAILED")
        created = replay("FAILED", "MISSING")
        assert created.total_count == 2
        work(acme, created)
        assert opened(endpoint) == [evt(failed), evt(missing)]


class TestThen:
    """The endpoint has three versions, the last of which is the present."""

    @pytest.fixture
    def versions(self, endpoint):
        moments = [clock.now() - days * DAY for days in (20, 10, 5)]
        first: Any
        (first,) = EndpointVersion.select().where(EndpointVersion.endpoint == endpoint.id).dicts()
        ends = [*moments[1:], None]
        changes: list[dict[str, Any]] = [
            {"event_types": ["order.paid"]},
            {"event_types": ["user.*"]},
            {"event_types": []},
        ]
        EndpointVersion.update(create_time=moments[0], end_time=ends[0], event_types=["order.paid"]).where(
            EndpointVersion.endpoint == endpoint.id
        ).execute()
        for at in (1, 2):
            row = {**first, **changes[at], "revision": at + 1, "create_time": moments[at], "end_time": ends[at]}
            EndpointVersion.insert(row).execute()
        Endpoint.update(revision=3).where(Endpoint.id == endpoint.id).execute()

    def test_a_delivery_goes_with_the_version_of_its_time(self, acme, endpoint, replay, versions):
        events = [make_event(acme, at=clock.now() - days * DAY) for days in (25, 15, 7, 1)]
        for event in events:
            make_delivery(endpoint, event, "FAILED")
        work(acme, replay("FAILED", configuration=THEN))
        found = {row.event_id: row.revision for row in open_rows(endpoint)}
        assert found == {events[1].id: 1, events[2].id: 2, events[3].id: 3}

    def test_what_is_missing_is_what_matched_then(self, acme, endpoint, replay, versions):
        events = [make_event(acme, at=clock.now() - days * DAY) for days in (25, 15, 7, 1)]
        created = replay("MISSING", configuration=THEN)
        assert created.total_count == 2
        work(acme, created)
        assert {row.event_id: row.revision for row in open_rows(endpoint)} == {events[1].id: 1, events[3].id: 3}


class TestRuns:
    def test_a_run_opens_a_bounded_number_and_goes_on(self, ada, acme, endpoint, replay, monkeypatch):
        monkeypatch.setattr(replaying, "BATCH", 3)
        monkeypatch.setattr(replaying, "_LOOKED_AT", 4)
        events = [make_event(acme, at=clock.now() - DAY) for _ in range(10)]
        for event in events:
            make_delivery(endpoint, event, "FAILED")
        created = replay()
        assert work(acme, created) == 5
        assert opened(endpoint) == [evt(event) for event in events]
        assert get(ada, acme, created).replayed_count == 10

    def test_all_endpoints_of_an_event_go_together(self, ada, acme, endpoint, replay, monkeypatch):
        monkeypatch.setattr(replaying, "BATCH", 2)
        endpoints = [endpoint, *(make_endpoint(acme) for _ in range(4))]
        for _ in range(3):
            event = make_event(acme, at=clock.now() - DAY)
            for each in endpoints:
                make_delivery(each, event, "FAILED")
        created = replay()
        work(acme, created)
        assert [len(open_rows(each)) for each in endpoints] == [3] * 5
        assert get(ada, acme, created).replayed_count == 15

    def test_the_rate_is_kept_by_waiting(self, acme, endpoint, replay):
        for _ in range(10):
            make_delivery(endpoint, make_event(acme, at=clock.now() - DAY), "FAILED")
        created = replay(rate_limit=4)
        (_, first) = jobs()[0]
        finish_jobs()
        with clock.frozen(clock.now()):
            replays.advance(acme.id, ids.decode("whr", created.id))
            assert len(open_rows(endpoint)) == 4
            ((_, run_time),) = jobs()
            assert run_time == clock.now() + timedelta(seconds=1)
        assert first <= clock.now()

    def test_a_run_that_is_undone_is_as_if_it_never_was(self, ada, acme, endpoint, replay):
        make_delivery(endpoint, make_event(acme, at=clock.now() - DAY), "FAILED")
        created = replay()
        with db.atomic() as run:
            replays.advance(acme.id, ids.decode("whr", created.id))
            assert len(open_rows(endpoint)) == 1
            run.rollback()
        assert get(ada, acme, created).replayed_count == 0
        assert opened(endpoint) == []
        work(acme, created)
        assert get(ada, acme, created).replayed_count == 1

    def test_a_repeated_run_opens_nothing_twice(self, acme, endpoint, replay):
        make_delivery(endpoint, make_event(acme, at=clock.now() - DAY), "FAILED")
        make_event(acme, at=clock.now() - HOUR)
        created = replay("FAILED", "MISSING")
        work(acme, created)
        Replay.update(through=None, state="RUNNING").execute()
        replays.advance(acme.id, ids.decode("whr", created.id))
        assert len(open_rows(endpoint)) == 2
        assert Replay.get().replayed == 2

    def test_ends_where_nothing_is_left(self, ada, acme, endpoint, replay):
        created = replay()
        assert created.total_count == 0
        work(acme, created)
        assert get(ada, acme, created).state == replay_pb2.REPLAY_STATE_SUCCEEDED

    def test_goes_over_gaps_of_many_days(self, acme, endpoint, replay):
        events = [make_event(acme, at=clock.now() - days * DAY) for days in (28, 14, 1)]
        for event in events:
            make_delivery(endpoint, event, "FAILED")
        created = replay()
        assert work(acme, created) <= 5
        assert opened(endpoint) == [evt(event) for event in events]

    def test_an_ordering_key_goes_one_after_another(self, acme, replay):
        ordered = make_endpoint(acme, ordering="PER_KEY")
        events = [make_event(acme, at=clock.now() - DAY) for _ in range(4)]
        for event, key in zip(events, "aaba", strict=True):
            make_delivery(ordered, event, "FAILED", ordering_key=key)
        work(acme, replay())
        rows = db.execute_sql(
            "SELECT event_id, due_time < 'infinity' FROM webhook_open_delivery WHERE endpoint_id = %s", (ordered.id,)
        )
        is_due = dict(rows.fetchall())
        assert [is_due[event.id] for event in events] == [True, False, True, False]

    def test_the_order_of_a_key_is_that_of_the_positions(self, acme, replay):
        ordered = make_endpoint(acme, ordering="PER_KEY")
        events = [make_event(acme, at=clock.now() - DAY) for _ in range(2)]
        for event, position in zip(events, (20_000, 10_000), strict=True):
            make_delivery(ordered, event, "FAILED", ordering_key="a", position=position)
        work(acme, replay())
        rows = db.execute_sql(
            "SELECT event_id FROM webhook_open_delivery WHERE endpoint_id = %s AND due_time < 'infinity'", (ordered.id,)
        )
        assert rows.fetchall() == [(events[1].id,)]

    def test_stands_still_in_a_deleted_workspace(self, acme, endpoint, replay):
        make_delivery(endpoint, make_event(acme, at=clock.now() - DAY), "FAILED")
        created = replay()
        finish_jobs()
        Workspace.update(delete_time=clock.now(), purge_time=clock.now() + DAY).where(Workspace.id == acme.id).execute()
        replays.advance(acme.id, ids.decode("whr", created.id))
        assert opened(endpoint) == []
        ((_, run_time),) = jobs()
        assert run_time > clock.now() + HOUR / 2
        Workspace.update(delete_time=None, purge_time=None).where(Workspace.id == acme.id).execute()
        work(acme, created)
        assert len(open_rows(endpoint)) == 1

    def test_of_what_is_purged_nothing_is_left_to_do(self, acme):
        replays.advance(acme.id, ids.new())
        assert jobs() == []


class TestCancel:
    def cancel(self, ada, acme, created):
        request = pb.CancelReplayRequest(workspace_id=ws(acme), replay_id=created.id)
        return by(ada)(SERVICE + "CancelReplay", request)

    def test_nothing_more_is_opened(self, ada, acme, endpoint, replay):
        make_delivery(endpoint, make_event(acme, at=clock.now() - DAY), "FAILED")
        created = replay()
        assert self.cancel(ada, acme, created).state == replay_pb2.REPLAY_STATE_CANCELLED
        assert self.cancel(ada, acme, created).state == replay_pb2.REPLAY_STATE_CANCELLED
        assert work(acme, created) == 1
        assert opened(endpoint) == []

    def test_a_finished_one_is_refused(self, ada, acme, endpoint, replay):
        created = replay()
        work(acme, created)
        with pytest.raises(RpcError) as error:
            self.cancel(ada, acme, created)
        assert error.value.reason == "REPLAY_FINISHED"


class TestRefusals:
    def refusal(self, replay, *states, **fields):
        with pytest.raises(RpcError) as error:
            replay(*states, **fields)
        return error.value

    def test_a_start_that_is_not_before_the_end(self, replay):
        error = self.refusal(replay, since=HOUR, until=2 * HOUR)
        assert "replay.selection.start_time" in error.violations

    @pytest.mark.parametrize("types", [["*"], ["order..paid"], ["Order"], ["order.*.paid"], ["a", "a"]])
    def test_types_that_are_none(self, replay, types):
        assert self.refusal(replay, types=types).reason == "VALIDATION_FAILED"

    def test_an_endpoint_that_is_not_there(self, replay, endpoint):
        eve = make_person()
        theirs = make_endpoint(make_workspace(eve))
        assert self.refusal(replay, endpoint=theirs).reason == "NOT_FOUND"

    def test_a_disabled_endpoint(self, acme, replay):
        assert self.refusal(replay, endpoint=make_endpoint(acme, state="DISABLED")).reason == "ENDPOINT_DISABLED"

    def test_too_many_at_a_time(self, acme, endpoint, replay):
        for _ in range(replays.MOST_RUNNING):
            replay()
        assert self.refusal(replay).reason == "LIMIT_REACHED"
        Replay.update(state="SUCCEEDED").execute()
        assert replay().id


def test_replays_page_from_the_newest(ada, acme, replay):
    created = [replay(), replay(), replay()]
    first = by(ada)(SERVICE + "ListReplays", pb.ListReplaysRequest(workspace_id=ws(acme), page_size=2))
    second = by(ada)(
        SERVICE + "ListReplays",
        pb.ListReplaysRequest(workspace_id=ws(acme), page_size=2, page_token=first.next_page_token),
    )
    assert [each.id for each in (*first.replays, *second.replays)] == [each.id for each in reversed(created)]


def test_recovering_replays_what_failed_since(ada, acme, endpoint, replay):
    old, new, fine = (make_event(acme, at=clock.now() - age * DAY) for age in (3, 1, 1))
    for event, state in ((old, "FAILED"), (new, "FAILED"), (fine, "SUCCEEDED")):
        make_delivery(endpoint, event, state)
    request = pb.RecoverEndpointRequest(
        workspace_id=ws(acme), endpoint_id=whe(endpoint), start_time=clock.now() - 2 * DAY, rate_limit=50
    )
    created = by(ada)(SERVICE + "RecoverEndpoint", request)
    assert created.selection.endpoint_id == whe(endpoint)
    assert list(created.selection.states) == [replay_pb2.REPLAY_STATE_FILTER_FAILED]
    assert (created.rate_limit, created.total_count) == (50, 1)
    work(acme, created)
    assert opened(endpoint) == [evt(new)]


def test_another_workspace_sees_no_replay(ada, acme, replay):
    created = replay()
    eve = make_person()
    other = make_workspace(eve)
    for method in ("GetReplay", "CancelReplay"):
        request = getattr(pb, f"{method}Request")(workspace_id=ws(other), replay_id=created.id)
        with pytest.raises(RpcError) as error:
            by(eve)(SERVICE + method, request)
        assert error.value.reason == "NOT_FOUND"
    listed = by(eve)(SERVICE + "ListReplays", pb.ListReplaysRequest(workspace_id=ws(other)))
    assert len(listed.replays) == 0


def test_a_replay_opens_nothing_of_another_workspace(acme, replay):
    eve = make_person()
    other = make_workspace(eve)
    theirs = make_endpoint(other)
    make_delivery(theirs, make_event(other, at=clock.now() - HOUR), "FAILED")
    created = replay("FAILED", "MISSING")
    assert created.total_count == 0
    work(acme, created)
    assert opened(theirs) == []
