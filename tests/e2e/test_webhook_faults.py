"""Webhooks while receivers misbehave and parts of the installation die: nothing is lost, attempts are told of once."""

import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import redis

from server.core import ids
from tests.e2e.support.parallel import at_once
from tests.e2e.support.people import People, Person
from tests.e2e.support.receiver import Receiver
from tests.support.database import as_owner
from tests.support.wait import until
from udb.installation import Installation

pytestmark = pytest.mark.xdist_group("e2e")

TYPE = "order.paid"
MB = 1024 * 1024


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that answers."""
    with Receiver().listening() as listening:
        yield listening


@dataclass
class Shop:
    """A workspace that publishes events, and its endpoints by the path that they call."""

    owner: Person
    receiver: Receiver
    installation: Installation
    id: str
    endpoints: dict[str, str] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"/v1/workspaces/{self.id}"

    def add(self, name: str, **fields: Any) -> None:
        """An endpoint at a path of the receiver."""
        defaults = {"url": self.receiver.url(name), "eventTypes": [TYPE], "timeout": "1s", "retryDelays": ["0s"] * 12}
        self.endpoints[name] = self.owner.rest.post(f"{self.place}/endpoints", defaults | fields)["id"]

    def publish(self, count: int, *, key: str = "") -> None:
        """Publish events, again and again until the product says that they are there."""
        number = len(self.published)
        events = [
            {"type": TYPE, "subject": "ord_1", "data": {"n": number + n}, "dedupeKey": f"{key}{number + n}"}
            | ({"orderingKey": key} if key else {})
            for n in range(count)
        ]

        def succeeds() -> list[dict[str, str]]:
            answer = self.owner.rest.send("POST", f"{self.place}/events:batchPublish", {"events": events})
            assert answer.ok or answer.status == HTTPStatus.SERVICE_UNAVAILABLE, answer
            return answer.json["events"] if answer.ok else []

        self.published += [event["id"] for event in until(succeeds, within=30, every=0.1)]

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the database; each %s is the workspace."""
        with as_owner(self.installation.database_url) as cursor:
            cursor.execute(sql, (ids.decode("ws", self.id),) * sql.count("%s"))
            return list(cursor.fetchall())

    def is_done(self) -> bool:
        """Whether nothing waits any more."""
        waiting = "SELECT (SELECT count(*) FROM event_pending), (SELECT count(*) FROM webhook_open_delivery)"
        return self.ask(waiting) == [(0, 0)]

    def problems(self) -> list[tuple[Any, ...]]:
        """What the invariant says is wrong."""
        return self.ask("SELECT problem, endpoint_id, event_id FROM webhook_undelivered")

    def attempts(self, name: str) -> list[tuple[Any, ...]]:
        """Status, error and length of the stored body of the attempts at an endpoint, each kind once."""
        endpoint = ids.decode("whe", self.endpoints[name])
        return self.ask(
            "SELECT DISTINCT status, error, length(response_body) FROM webhook_attempt"
            f" WHERE workspace_id = %s AND endpoint_id = '{endpoint}' ORDER BY 1, 2"
        )


@pytest.fixture
def shop(installation: Installation, people: People, receiver: Receiver) -> Iterator[Shop]:
    """A workspace of its own; afterwards nothing of it is open."""
    owner = people.person()
    shop = Shop(owner, receiver, installation, owner.workspace())
    owner.rest.post(f"{shop.place}/event-types", {"name": TYPE})
    yield shop
    for endpoint in shop.endpoints.values():
        owner.rest.call("DELETE", f"{shop.place}/endpoints/{endpoint}")
    until(shop.is_done, within=20, saying="deliveries are left")


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
