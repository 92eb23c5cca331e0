"""Endpoints over REST in a whole installation: signatures through a rotation, a receiver that is gone, the portal."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.e2e.support.mailbox import Mailbox
from tests.e2e.support.people import Person
from tests.e2e.support.rest import Rest
from tests.support.wait import until

pytestmark = pytest.mark.xdist_group("e2e")


class Receiver(ThreadingHTTPServer):
    """Answers with `status` and keeps what came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.came: list[tuple[dict[str, str], bytes]] = []

    def url(self, name: str) -> str:
        """A URL of its own for each name."""
        return f"http://127.0.0.1:{self.server_port}/{name}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on loopback."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def place(ada: Person) -> str:
    """The path of a new workspace."""
    return f"/v1/workspaces/{ada.workspace()}"


def made(person: Person, place: str, url: str, **fields: Any) -> str:
    """The path of a new endpoint, to which only its tests are sent unless `fields` say otherwise."""
    endpoint = person.rest.post(f"{place}/endpoints", {"url": url, "eventTypes": ["nothing.else"], **fields})
    return f"{place}/endpoints/{endpoint['id']}"


def test_both_secrets_sign_while_they_overlap(ada, place, receiver):
    endpoint = made(ada, place, receiver.url("a"), headers={"X-Tenant": "acme"})
    (first,) = ada.rest.send("GET", f"{endpoint}/secret").json["secrets"]
    second = ada.rest.post(f"{endpoint}:rotateSecret", {"overlap": "3600s"})
    sent = ada.rest.post(f"{endpoint}:sendTestEvent", {})
    until(lambda: receiver.came)
    headers, body = receiver.came[0]
    assert (headers["webhook-id"], headers["x-tenant"]) == (sent["eventId"], "acme")
    for secret in (first["secret"], second["secret"]):
        event = Webhook(secret).verify(body, headers)
        assert (event["type"], event["data"]["endpointId"]) == ("webhook.test", endpoint.rpartition("/")[2])
    until(lambda: ada.rest.send("GET", f"{endpoint}/stats").json["total"].get("succeeded") == "1")


def test_a_receiver_that_is_gone_is_given_up_and_the_owner_told(ada, place, receiver, mailbox: Mailbox):
    receiver.status = 410
    endpoint = made(ada, place, receiver.url("gone"))
    ada.rest.post(f"{endpoint}:sendTestEvent", {})
    until(lambda: ada.rest.send("GET", endpoint).json["state"] == "ENDPOINT_STATE_DISABLED")
    assert ada.rest.send("GET", endpoint).json["stateReason"] == "ENDPOINT_STATE_REASON_GONE"
    until(lambda: mailbox.letters(ada.email, "endpoint_disabled"), within=30)
    assert "410 Gone" in mailbox.letters(ada.email, "endpoint_disabled")[0].text
    refused = ada.rest.send("POST", f"{endpoint}:sendTestEvent", {})
    assert refused.reason == "ENDPOINT_DISABLED"
    receiver.status = 200
    assert ada.rest.post(f"{endpoint}:resume", {})["state"] == "ENDPOINT_STATE_ACTIVE"
    ada.rest.post(f"{endpoint}:sendTestEvent", {})
    until(lambda: len(receiver.came) > 1)


def test_what_waits_while_an_endpoint_is_paused_goes_when_it_is_resumed(ada, place, receiver):
    endpoint = made(ada, place, receiver.url("paused"), eventTypes=["order.paid"])
    ada.rest.post(f"{endpoint}:pause", {})
    ada.rest.post(f"{place}/event-types", {"name": "order.paid", "description": "Paid.", "schema": {}})
    event = ada.rest.post(f"{place}/events", {"type": "order.paid", "subject": "order_1", "data": {}})
    delivery = f"{endpoint}/deliveries/{event['id']}"
    until(lambda: ada.rest.send("GET", delivery).ok)
    assert ada.rest.send("GET", delivery).json["state"] == "DELIVERY_STATE_HELD"
    assert receiver.came == []
    ada.rest.post(f"{endpoint}:resume", {})
    until(lambda: receiver.came)


def test_a_link_of_the_portal_opens_once_and_works_on_endpoints_alone(anyone: Rest, ada, place, receiver):
    link = ada.rest.post(f"{place}/portal-links", {})
    answer = anyone.post("/v1/portal:exchange", {"code": link["code"]})
    assert link["url"].endswith(f"/portal#code={link['code']}")
    assert anyone.send("POST", "/v1/portal:exchange", {"code": link["code"]}).reason == "PORTAL_CODE_INVALID"
    engineer = replace(ada, rest=anyone.signed_in(answer["token"]))
    endpoint = made(engineer, place, receiver.url("portal"))
    assert engineer.rest.send("GET", place).reason in ("PERMISSION_MISSING", "SCOPE_MISSING")
    ada.rest.post(f"{place}/portal-sessions/{answer['session']['id']}:revoke", {})
    until(lambda: engineer.rest.send("GET", endpoint).status == HTTPStatus.UNAUTHORIZED)
    assert engineer.rest.send("GET", endpoint).reason == "PORTAL_SESSION_ENDED"
