"""Replays and listening in a whole installation: through Envoy, with real workers, some of which are killed."""

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from server.core import ids
from tests.e2e.support.people import Person
from tests.support.database import as_owner
from tests.support.wait import until
from udb.conf import ROOT
from udb.installation import Installation

pytestmark = pytest.mark.xdist_group("e2e")

EVENTS = 400
TYPE = "order.paid"


class Receiver(ThreadingHTTPServer):
    """Answers every delivery with 200, and counts them by event."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hooks"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        with self.server.lock:
            self.server.seen[self.headers["webhook-id"]] += 1
        self.send_response(HTTPStatus.OK)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        del format, args


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on loopback."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def place(ada: Person) -> str:
    """The path of a new workspace with one event type."""
    path = f"/v1/workspaces/{ada.workspace()}"
    ada.rest.post(f"{path}/event-types", {"name": TYPE, "description": "An order was paid.", "schema": {}})
    return path


def publish(person: Person, place: str, count: int) -> list[str]:
    """The ids of new events."""
    found: list[str] = []
    while len(found) < count:
        some = min(count - len(found), 200)
        events = [{"type": TYPE, "subject": f"order_{at}", "data": {"at": at}} for at in range(some)]
        answer = person.rest.post(f"{place}/events:batchPublish", {"events": events})
        found += [each["id"] for each in answer["events"]]
    return found


def deliveries(installation: Installation, endpoint: str, person: Person, place: str) -> int:
    """How many deliveries to the endpoint have succeeded."""
    found, token = 0, ""
    while True:
        query = {"pageSize": 1000, "pageToken": token}
        answer = person.rest.get(f"{place}/endpoints/{endpoint}/deliveries", query=query)
        states = [each["state"] for each in answer["deliveries"]]
        found += states.count("DELIVERY_STATE_SUCCEEDED")
        token = answer["nextPageToken"]
        if not token:
            return found


def test_a_replay_survives_the_death_of_its_workers(installation: Installation, ada: Person, place: str) -> None:
    events = publish(ada, place, EVENTS)
    explained = f"{place}/events/{events[-1]}:explain"
    until(lambda: ada.rest.get(explained).get("feedTime"), within=20, saying="the events are not drained")
    with receiving() as receiver:
        endpoint = ada.rest.post(f"{place}/endpoints", {"url": receiver.url, "eventTypes": [TYPE]})["id"]
        selection = {
            "startTime": "2020-01-01T00:00:00Z",
            "endpointId": endpoint,
            "states": ["REPLAY_STATE_FILTER_MISSING"],
        }
        created = ada.rest.post(f"{place}/replays", {"selection": selection, "rateLimit": 200})
        assert created["totalCount"] == EVENTS

        def replay() -> dict[str, Any]:
            return dict(ada.rest.get(f"{place}/replays/{created['id']}"))

        for enough in (100, 250):
            until(lambda enough=enough: replay()["replayedCount"] >= enough, within=30)  # type: ignore[misc]
            for name in ("worker.1", "relay"):
                installation.back(name, installation.kill(name))
        until(lambda: replay()["state"] == "REPLAY_STATE_SUCCEEDED", within=60, saying="the replay does not end")
        until(lambda: deliveries(installation, endpoint, ada, place) == EVENTS, within=60)
        assert replay()["replayedCount"] == EVENTS
        assert receiver.seen.keys() == set(events)
        # Nobody killed what delivers, so nothing went out twice.
        assert set(receiver.seen.values()) == {1}
        ada.rest.call("DELETE", f"{place}/endpoints/{endpoint}")
    with as_owner(installation.database_url) as cursor:
        of_endpoint = "SELECT count(*), max(attempts) FROM webhook_delivery WHERE endpoint_id = %s"
        cursor.execute(of_endpoint, (str(ids.decode("whe", endpoint)),))
        assert cursor.fetchone() == (EVENTS, 1)


def test_a_developer_listens_to_the_real_product(installation: Installation, ada: Person, place: str) -> None:
    command = [sys.executable, "-m", "udb", "webhooks", "listen", "--event-type", "order.*", "--count", "2"]
    given = {
        "USERDATA_API_KEY": ada.token,
        "USERDATA_URL": installation.http_url,
        "USERDATA_WORKSPACE": place.rpartition("/")[2],
    }
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **given}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as listener:
        assert listener.stdout is not None
        assert listener.stdout.readline().startswith("Listening to order.* of ws_")
        (event,) = publish(ada, place, 1)
        endpoint = ada.rest.get(f"{place}/endpoints")["endpoints"][0]["id"]
        until(lambda: deliveries(installation, endpoint, ada, place) == 1, within=20)
        ada.rest.post(f"{place}/endpoints/{endpoint}/deliveries/{event}:retry", {})
        output, errors = listener.communicate(timeout=30)
    assert (listener.returncode, errors) == (0, "")
    assert output.count(f"{TYPE}  {event}  ✓ signed  200") == 2
    assert "2 deliveries. The endpoint is deleted." in output
    assert ada.rest.get(f"{place}/endpoints")["endpoints"] == []

    def explained() -> tuple[str, bool]:
        (explanation,) = ada.rest.get(f"{place}/events/{event}:explain")["explanations"]
        return explanation["reason"], explanation["endpointDeleted"]

    # The answer to the last delivery is recorded although its endpoint went at once.
    until(lambda: explained() == ("REASON_DELIVERED", True), within=20)
