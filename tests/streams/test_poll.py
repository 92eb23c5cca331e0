"""PollEvents: pages by cursor, and waiting for the first event."""

import threading
import time
from datetime import timedelta

import pytest
from google.protobuf.json_format import MessageToDict

from server.core import clock
from server.events.service import cursors
from server.events.service.cursors import Place
from tests.streams.harness import Grpc, Process, Refused, World, make_world


def test_pages_hold_every_event_once_in_order(client: Grpc, world: World):
    made = world.feed(*[f"order_{number}" for number in range(7)])
    found, cursor = [], ""
    while True:
        page = client.poll(world.id, cursor=cursor, page_size=3)
        if not page.events:
            break
        assert len(page.events) <= 3
        found += [event.id for event in page.events]
        cursor = page.next_cursor
    assert found == made
    assert page.next_cursor


def test_an_event_tells_all_about_itself(client: Grpc, world: World):
    (made,) = world.feed("order_1", data='{"amount": 42, "lines": [{"sku": "a"}]}')
    (event,) = client.poll(world.id).events
    assert (event.id, event.workspace_id, event.type, event.subject) == (made, world.id, "order.paid", "order_1")
    assert MessageToDict(event.data) == {"amount": 42, "lines": [{"sku": "a"}]}
    assert event.create_time.seconds > 0


def test_latest_leaves_out_what_is_kept(client: Grpc, world: World):
    world.feed("a", "b")
    page = client.poll(world.id, cursor="latest")
    assert not page.events
    (made,) = world.feed("c")
    assert [event.id for event in client.poll(world.id, cursor=page.next_cursor).events] == [made]


def test_filters_let_pass_what_they_name(client: Grpc, world: World):
    paid = world.feed("order_1", "order_2")
    shipped = world.feed("order_1", kind="order.shipped")
    user = world.feed("user_1", kind="user.created")
    assert [event.id for event in client.poll(world.id, types=["order.*"]).events] == paid + shipped
    assert [event.id for event in client.poll(world.id, types=["order.shipped", "user.created"]).events] == (
        shipped + user
    )
    assert [event.id for event in client.poll(world.id, subject="order_1").events] == [paid[0], shipped[0]]
    assert [event.id for event in client.poll(world.id, subject="order_1", types=["order.paid"]).events] == paid[:1]


def test_a_filter_that_lets_nothing_pass_still_goes_on(client: Grpc, world: World):
    world.feed("a", "b")
    page = client.poll(world.id, types=["nothing.*"])
    assert not page.events
    assert not client.poll(world.id, cursor=page.next_cursor).events
    (made,) = world.feed("c")
    assert [event.id for event in client.poll(world.id, cursor=page.next_cursor).events] == [made]


def test_a_poll_waits_for_the_first_event(client: Grpc, world: World):
    cursor = client.poll(world.id, cursor="latest").next_cursor
    answers = []

    def wait() -> None:
        answers.append((client.poll(world.id, cursor=cursor, wait={"seconds": 20}), time.monotonic()))

    waiting = threading.Thread(target=wait)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    (made,) = world.feed("a")
    fed = time.monotonic()
    waiting.join(10)
    (answer, at) = answers[0]
    assert [event.id for event in answer.events] == [made]
    assert at - fed < 2


def test_a_poll_waits_only_for_what_it_wants_and_no_longer_than_asked(client: Grpc, world: World):
    began = time.monotonic()
    world.feed("a")
    answer = client.poll(world.id, types=["nothing.at.all"], wait={"nanos": 700_000_000})
    assert not answer.events
    assert 0.6 < time.monotonic() - began < 5


def test_a_wait_of_more_than_twenty_seconds_is_refused(client: Grpc, world: World):
    with pytest.raises(Refused) as refused:
        client.poll(world.id, wait={"seconds": 21})
    assert refused.value.reason == "VALIDATION_FAILED"


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%%%", "a" * 200])
def test_a_broken_cursor_is_refused(client: Grpc, world: World, cursor: str):
    with pytest.raises(Refused) as refused:
        client.poll(world.id, cursor=cursor)
    assert refused.value.reason == "CURSOR_INVALID"


def test_a_cursor_grows_old_only_while_nobody_goes_on_from_it(client: Grpc, world: World):
    world.feed("a")
    old = clock.now() - timedelta(days=91)
    with pytest.raises(Refused) as refused:
        client.poll(world.id, cursor=cursors.mint(world.workspace.id, Place(1, old)))
    assert (refused.value.reason, "older" in refused.value.message) == ("CURSOR_INVALID", True)
    assert client.poll(world.id, cursor=cursors.mint(world.workspace.id, cursors.START)).events
    almost = cursors.mint(world.workspace.id, Place(0, old + timedelta(days=2)))
    page = client.poll(world.id, cursor=almost)
    assert len(page.events) == 1
    # Nothing comes for long, but who asks again has a young cursor.
    again = client.poll(world.id, cursor=page.next_cursor)
    assert cursors.read(world.workspace.id, again.next_cursor).time > clock.now() - timedelta(minutes=1)


def test_the_cursor_of_another_workspace_is_refused(client: Grpc, process: Process, world: World):
    other = make_world(world.url)
    other.feed("a")
    with Grpc(process.grpc_port, other.owner.token) as theirs:
        cursor = theirs.poll(other.id).next_cursor
    with pytest.raises(Refused) as refused:
        client.poll(world.id, cursor=cursor)
    assert refused.value.reason == "CURSOR_INVALID"


def test_nobody_reads_the_events_of_others(process: Process, world: World):
    world.feed("a")
    other = make_world(world.url)
    with Grpc(process.grpc_port, other.owner.token) as theirs:
        with pytest.raises(Refused) as refused:
            theirs.poll(world.id)
        assert refused.value.reason == "NOT_FOUND"
        assert not theirs.poll(other.id).events
    with Grpc(process.grpc_port, "nonsense") as nobody:
        with pytest.raises(Refused) as refused:
            nobody.poll(world.id)
        assert refused.value.reason == "TOKEN_INVALID"
