"""Whatever is sent, the answer is one that the contract knows: never a fault of the server, always in its shape."""

import random
from typing import Any

import grpc
import pytest

from server import app
from server.core.contract import Method, methods
from tests.e2e.support import fuzz
from tests.e2e.support.people import People, Person
from tests.e2e.support.rpc import TIMEOUT_S, channel, failure
from udb.installation import Installation

pytestmark = pytest.mark.xdist_group("e2e")

# REST -----------------------------------------------------------------------------------------------------------------

#: The same requests each time; `make soak` makes up others.
API = fuzz.api(examples=15, always_the_same=True)


@pytest.fixture
def caller(request: pytest.FixtureRequest, world: fuzz.World) -> Person:
    """Who makes the requests of an operation."""
    return world.caller(request.node.name)


@API.parametrize()
@fuzz.ONE_CALLER
def test_no_request_breaks_the_api(
    case: fuzz.Case, installation: Installation, caller: Person, world: fuzz.World
) -> None:
    fuzz.send(case, installation, caller, world)


# gRPC -----------------------------------------------------------------------------------------------------------------

METHODS = [method for service, _ in app.SERVICERS for method in methods(service)]
#: Bytes that no message can be read from: a length without its bytes, a group that never ends, an endless number.
BROKEN = [b"\x0a", b"\x0a\xff\xff\xff\xff\x0f", b"\x0b" * 3, b"\xff" * 64]
#: What is no fault of the caller or the state: nothing that a caller sends may lead there.
FAULTS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS}


def answer(opened: grpc.Channel, method: Method, raw: bytes, token: str) -> grpc.StatusCode:
    """The status that `method` gives for the bytes `raw`; one that says no has details."""
    sent = (("authorization", f"Bearer {token}"),)
    call: Any = opened.unary_unary(f"/{method.full_name}")
    try:
        call(raw, metadata=sent, timeout=TIMEOUT_S)
    except grpc.RpcError as error:
        code: grpc.StatusCode = grpc.StatusCode[failure(error).code]
        assert code not in FAULTS, (method.full_name, raw, error)
        return code
    return grpc.StatusCode.OK


@pytest.mark.parametrize("server", ["http", "rpc.1"])
def test_bytes_that_are_no_message_are_refused_by_every_method(
    server: str, installation: Installation, people: People
) -> None:
    admin = people.admin()
    with channel(installation.state.addresses[server].removeprefix("http://")) as opened:
        for method in METHODS:
            for raw in BROKEN:
                assert answer(opened, method, raw, admin.token) == grpc.StatusCode.INVALID_ARGUMENT, method.full_name


def test_random_and_truncated_bytes_break_no_method(installation: Installation, people: People) -> None:
    chance = random.Random(42)  # noqa: S311 - the same bytes each time
    admin = people.admin()
    with channel(installation.grpc_target) as opened:
        for method in METHODS:
            # Some of it can be read, and a method may do what it says, such as ending the session.
            token = admin.awake().token
            whole = method.request().SerializeToString() + chance.randbytes(40)
            for raw in [chance.randbytes(chance.randrange(200)) for _ in range(10)] + [whole[:n] for n in range(1, 10)]:
                answer(opened, method, raw, token)


def test_a_message_that_is_too_large_is_refused_by_every_method(installation: Installation, ada: Person) -> None:
    # A field that no method knows: what is too large is refused before anybody reads it.
    large = b"\xfa\x3f\x80\x80\x80\x01" + bytes(2 * 1024 * 1024)
    with channel(installation.grpc_target) as opened:
        for method in METHODS:
            assert answer(opened, method, large, ada.token) == grpc.StatusCode.RESOURCE_EXHAUSTED, method.full_name


def test_a_message_that_is_too_large_is_refused_without_envoy(installation: Installation) -> None:
    with channel(installation.state.addresses["rpc.1"]) as opened:
        call: Any = opened.unary_unary(f"/{METHODS[0].full_name}")
        with pytest.raises(grpc.RpcError, match="RESOURCE_EXHAUSTED"):
            call(bytes(5 * 1024 * 1024), timeout=TIMEOUT_S)
