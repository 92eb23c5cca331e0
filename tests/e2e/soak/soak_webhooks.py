"""Minutes of webhooks while receivers misbehave and process after process dies. SOAK_MINUTES says how many."""

import os
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.core import ids
from tests.e2e.support.people import People
from tests.e2e.support.receiver import Receiver
from tests.e2e.support.shop import TYPE, Shop
from tests.support.parallel import at_once
from tests.support.wait import until
from udb.installation import Installation

SECONDS = 60 * float(os.environ.get("SOAK_MINUTES", "5"))
MORTAL = ("deliverer.1", "deliverer.2", "relay", "rpc.1", "redis", "postgres")
#: How much more memory the deliverers may have at the end than after the first tenth.
GROWTH = 40 * 1024 * 1024


@pytest.fixture
def shop(installation: Installation, people: People) -> Iterator[Shop]:
    """A workspace with endpoints of every kind."""
    with Receiver().listening() as receiver:
        owner = people.person()
        shop = Shop(owner, receiver, installation, owner.workspace())
        owner.rest.post(f"{shop.place}/event-types", {"name": TYPE})
        shop.add("plain")
        shop.add("ordered", ordering="ENDPOINT_ORDERING_PER_KEY")
        for name in ("hang", "reset", "trickle", "huge", "bomb", "fails"):
            shop.add(name, retryDelays=["0s", "1s"])
        yield shop


def resident(installation: Installation) -> int:
    """The memory of the deliverers in bytes."""
    names = [name for name in installation.processes if name.startswith("deliverer")]
    pids = [installation.processes[name].pid for name in names]
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 for pid in pids)


@pytest.mark.timeout(SECONDS + 600)
@pytest.mark.parametrize("dies", [False, True])
def test_everything_arrives_and_memory_stays_flat(
    shop: Shop,
    installation: Installation,
    dies: bool,  # noqa: FBT001
) -> None:
    end = time.monotonic() + SECONDS
    sizes: list[int] = []
    done = threading.Event()

    def publishes() -> int:
        while not done.is_set():
            shop.publish(2, key=secrets.choice("abcdefgh"))
            shop.publish(10)
            until(lambda: done.is_set() or len(shop.published) - len(shop.receiver.received["plain"]) < 500, within=120)
        return 0

    def disturbs() -> int:
        try:
            while time.monotonic() < end:
                if dies:
                    name = secrets.choice(MORTAL)
                    installation.back(name, installation.kill(name, signal.SIGKILL), within=60)
                else:
                    sizes.append(resident(installation))
                    done.wait(1)
        finally:
            done.set()
        return 0

    at_once([publishes, disturbs])
    for name in shop.endpoints.keys() - {"plain", "ordered"}:
        # What is left of theirs waits for their breakers' probes, for hours.
        shop.owner.rest.call("DELETE", f"{shop.place}/endpoints/{shop.endpoints[name]}")
    until(shop.is_done, within=300, saying="deliveries are left")
    assert shop.problems() == []
    for name in ("plain", "ordered"):
        assert shop.receiver.received[name].keys() == set(shop.published)
        endpoint = ids.decode("whe", shop.endpoints[name])
        twice = "SELECT event_id FROM webhook_attempt WHERE workspace_id = %s AND error = ''"
        assert shop.ask(f"{twice} AND endpoint_id = '{endpoint}' GROUP BY 1 HAVING count(*) > 1") == []
    if sizes:
        assert sizes[-1] - sizes[len(sizes) // 10] < GROWTH
