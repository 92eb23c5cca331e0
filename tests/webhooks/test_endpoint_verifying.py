"""VerifyEndpoint: asking a real receiver for its consent."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from server.core import clock, config, tenancy
from server.webhooks.models import Endpoint
from tests.accounts.factories import make_person
from tests.support.client import RpcError
from tests.support.database import as_owner
from tests.webhooks.factories import ask, make_endpoint, whe
from tests.workspaces.factories import by, make_workspace


class Receiver(ThreadingHTTPServer):
    """Answers OPTIONS with `status` and `allowed`, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.allowed = 200, "*"
        self.asked: list[dict[str, str]] = []
        self.meanwhile: Callable[[], object] = lambda: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks"


class Handler(BaseHTTPRequestHandler):
    def do_OPTIONS(self) -> None:
        server = self.server
        assert isinstance(server, Receiver)
        server.asked.append({name.lower(): value for name, value in self.headers.items()})
        server.meanwhile()
        self.send_response(server.status)
        if server.allowed:
            self.send_header("WebHook-Allowed-Origin", server.allowed)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver on loopback, to which this installation may send."""
    monkeypatch.setenv("WEBHOOK_ALLOW_HTTP", "true")
    monkeypatch.setenv("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
    config.read.cache_clear()
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
    monkeypatch.undo()
    config.read.cache_clear()


def refusal(action, *args, **kwargs):
    with pytest.raises(RpcError) as caught:
        action(*args, **kwargs)
    return caught.value


def verify(caller, workspace, endpoint):
    return ask(caller, "VerifyEndpoint", workspace, whe(endpoint))


@pytest.mark.parametrize("allowed", ["*", "127.0.0.1"])
def test_a_receiver_that_consents_is_remembered(ada, acme, receiver, allowed):
    receiver.allowed = allowed
    endpoint = make_endpoint(acme, url=receiver.url)
    before = clock.now()
    after = verify(by(ada), acme, endpoint)
    assert after.verify_time.ToMicroseconds() >= int(before.timestamp() * 1_000_000)
    assert ask(by(ada), "GetEndpoint", acme, whe(endpoint)) == after
    (headers,) = receiver.asked
    assert headers["webhook-request-origin"] == "127.0.0.1"
    assert headers["user-agent"].startswith("Userdata-Webhooks/")


@pytest.mark.parametrize(("status", "allowed"), [(200, ""), (200, "other.example"), (405, "*"), (302, "*"), (500, "*")])
def test_a_receiver_that_does_not_is_refused(ada, acme, receiver, status, allowed):
    receiver.status, receiver.allowed = status, allowed
    endpoint = make_endpoint(acme, url=receiver.url)
    assert refusal(verify, by(ada), acme, endpoint).reason == "ENDPOINT_REFUSED"
    assert Endpoint.get().verify_time is None
    assert len(receiver.asked) == 1


def test_nobody_is_asked_where_webhooks_may_not_go(ada, acme, receiver):
    endpoint = make_endpoint(acme, url="https://10.1.2.3/hooks")
    assert refusal(verify, by(ada), acme, endpoint).reason == "ENDPOINT_URL_FORBIDDEN"


def test_a_receiver_that_is_not_there_is_told_of_in_a_sentence(ada, acme, receiver):
    endpoint = make_endpoint(acme, url="http://127.0.0.1:1/hooks")
    error = refusal(verify, by(ada), acme, endpoint)
    assert error.reason == "ENDPOINT_REFUSED"
    assert error.message.startswith("No connection came about.")


def test_no_transaction_waits_for_the_receiver(committed, receiver):
    def look() -> None:
        with as_owner(committed.url) as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE xact_start IS NOT NULL AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            waiting.extend(cursor.fetchone())

    waiting: list[int] = []
    receiver.meanwhile = look
    with tenancy.transaction():
        owner = make_person("ada@example.com")
        workspace = make_workspace(owner)
        endpoint = make_endpoint(workspace, url=receiver.url)
    assert verify(by(owner), workspace, endpoint).HasField("verify_time")
    assert waiting == [0]
    assert ask(by(owner), "GetEndpoint", workspace, whe(endpoint)).HasField("verify_time")
