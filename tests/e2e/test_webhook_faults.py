"""Webhooks while receivers misbehave and parts of the installation die: nothing is lost, attempts are told of once."""

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from server.core import ids
from tests.e2e.support.people import People
from tests.e2e.support.receiver import Receiver
from tests.e2e.support.shop import TYPE, Shop
from tests.support.parallel import at_once
from tests.support.wait import until
from udb.installation import Installation

pytestmark = pytest.mark.xdist_group("e2e")

MB = 1024 * 1024


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that answers."""
    with Receiver().listening() as listening:
        yield listening


@pytest.fixture
def shop(installation: Installation, people: People, receiver: Receiver) -> Iterator[Shop]:
    """A workspace of its own; afterwards nothing of it is open."""
    owner = people.person()
    shop = Shop(owner, receiver, installation, owner.workspace())
    owner.rest.post(f"{shop.place}/event-types", {"name": TYPE})
    yield shop
    for endpoint in shop.endpoints.values():
        owner.rest.call("DELETE", f"{shop.place}/endpoints/{endpoint}")
    # What is being sent ends, and is looked for a second later at the latest.
    receiver.hang_up()
    until(shop.is_done, within=15, saying="deliveries are left")


def deliverers(installation: Installation) -> list[str]:
    return [name for name in installation.processes if name.startswith("deliverer")]


def resident(installation: Installation) -> int:
    """The memory of all deliverers in bytes."""
    pids = [installation.processes[name].pid for name in deliverers(installation)]
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 for pid in pids)


def test_receivers_that_misbehave_hurt_nobody_else(shop: Shop, receiver: Receiver, installation: Installation) -> None:
    shop.add("well")
    shop.publish(20)
    until(lambda: len(receiver.received["well"]) == 20)
    before = resident(installation)
    for name in ("hang", "reset", "trickle", "huge", "bomb", "fails"):
        shop.add(name, retryDelays=["0s"])
    for _ in range(3):
        shop.publish(5)
    until(lambda: len(receiver.received["well"]) == 35, within=3, saying="the one that behaves waits for the others")
    until(shop.is_done, within=30, saying="deliveries are left")
    assert shop.attempts("well") == [(204, "", 0)]
    assert shop.attempts("hang") == [(None, "TIMEOUT", 0)]
    assert shop.attempts("trickle") == [(None, "TIMEOUT", 0)]
    assert [row[1] for row in shop.attempts("reset")] == ["RESET"]
    assert shop.attempts("fails") == [(500, "HTTP_STATUS", 0)]
    assert shop.attempts("huge") == [(200, "", 16 * 1024)]
    assert {(status, error) for status, error, _ in shop.attempts("bomb")} == {(200, "")}
    assert max(length for _, _, length in shop.attempts("bomb")) <= 16 * 1024
    # What the kernel buffers is sent before the connection is closed.
    assert receiver.sent < 15 * 16 * MB
    assert resident(installation) - before < 60 * MB
    assert shop.problems() == []


def test_nothing_is_lost_while_everything_dies(shop: Shop, receiver: Receiver, installation: Installation) -> None:
    shop.add("plain")
    shop.add("ordered", ordering="ENDPOINT_ORDERING_PER_KEY")
    shop.publish(10)
    done = threading.Event()

    def publishes() -> int:
        while not done.is_set():
            shop.publish(3, key="k")
            shop.publish(20)
            # Deliveries of one key go one after the other.
            until(lambda: done.is_set() or len(shop.published) - len(receiver.received["ordered"]) < 30, within=60)
        return 0

    def kills() -> int:
        try:
            for step in killings(installation):
                earlier = len(receiver.received["plain"])
                step()
                until(lambda earlier=earlier: len(receiver.received["plain"]) > earlier, within=30)  # type: ignore[misc]
        finally:
            done.set()
        return 0

    at_once([publishes, kills])
    until(shop.is_done, within=30, saying="deliveries are left")
    assert shop.problems() == []
    published = set(shop.published)
    assert len(published) == len(shop.published)
    for name in ("plain", "ordered"):
        received = receiver.received[name]
        assert received.keys() == published
        endpoint = ids.decode("whe", shop.endpoints[name])
        rows = shop.ask(
            "SELECT event_id, count(*), count(*) FILTER (WHERE error = '') FROM webhook_attempt"
            f" WHERE workspace_id = %s AND endpoint_id = '{endpoint}' GROUP BY 1"
        )
        for event, attempts, succeeded in rows:
            assert succeeded == 1
            assert received[ids.encode("evt", event)] <= attempts
        assert len(rows) == len(published)
    arrivals = list(dict.fromkeys(receiver.order["ordered"]))
    keyed = dict(shop.ask("SELECT id, sequence FROM event WHERE workspace_id = %s AND ordering_key = 'k'"))
    sequences = [keyed[ids.decode("evt", event)] for event in arrivals if ids.decode("evt", event) in keyed]
    assert sequences == sorted(sequences)
    assert len(sequences) == len(keyed)


def killings(installation: Installation) -> Iterator[Callable[[], object]]:
    """Ways to end a part of the installation; each waits until it is back."""
    for name in (*deliverers(installation), "relay", "rpc.1", "worker.1", "redis"):
        yield lambda name=name: installation.back(name, installation.kill(name))  # type: ignore[misc]
    yield lambda: flush(installation)
    for number in (signal.SIGKILL, signal.SIGINT):
        yield lambda number=number: installation.back("postgres", installation.kill("postgres", number))  # type: ignore[misc]
    for name in deliverers(installation):
        yield lambda name=name: installation.kill(name, signal.SIGTERM)  # type: ignore[misc]


def flush(installation: Installation) -> None:
    with redis.Redis.from_url(installation.broker_url) as broker:
        broker.flushall()


def test_a_deliverer_that_is_told_to_stop_leaves_nothing_for_a_lease(
    shop: Shop, receiver: Receiver, installation: Installation
) -> None:
    shop.add("hang", timeout="30s")
    shop.publish(4)
    until(lambda: len(receiver.received["hang"]) == 4)
    stopped = [(name, installation.kill(name, signal.SIGTERM)) for name in deliverers(installation)]
    for name, pid in stopped:
        installation.back(name, pid)
    until(lambda: min(receiver.received["hang"].values()) == 2, within=10, saying="they are due again at once")
    assert shop.attempts("hang") == [(None, "INTERRUPTED", 0)]
    assert shop.problems() == []
