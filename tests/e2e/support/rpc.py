"""gRPC as a client uses it: the generated stubs, over a real channel."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import grpc
from grpc_status import rpc_status

from tests.support.client import RpcError
from userdata.accounts.v1.account_service_pb2_grpc import AccountServiceStub
from userdata.accounts.v1.session_service_pb2_grpc import SessionServiceStub
from userdata.workspaces.v1.invitation_service_pb2_grpc import InvitationServiceStub
from userdata.workspaces.v1.member_service_pb2_grpc import MemberServiceStub
from userdata.workspaces.v1.workspace_service_pb2_grpc import WorkspaceServiceStub

TIMEOUT_S = 20.0

A = TypeVar("A")


class Stubs:
    """The stubs of the services, over `channel`."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.accounts = AccountServiceStub(channel)
        self.sessions = SessionServiceStub(channel)
        self.workspaces = WorkspaceServiceStub(channel)
        self.invitations = InvitationServiceStub(channel)
        self.members = MemberServiceStub(channel)


@contextmanager
def channel(target: str) -> Iterator[grpc.Channel]:
    """A connection of its own to `target` (host:port)."""
    options = (("grpc.use_local_subchannel_pool", 1),)
    with grpc.insecure_channel(target, options) as opened:
        yield opened


def call(method: Callable[..., A], request: Any, *, token: str | None = None, **metadata: str) -> A:
    """The answer of `method` of a stub. Raises RpcError."""
    sent = [(name.replace("_", "-"), value) for name, value in metadata.items()]
    if token is not None:
        sent.append(("authorization", f"Bearer {token}"))
    try:
        return method(request, metadata=tuple(sent), timeout=TIMEOUT_S)
    except grpc.RpcError as error:
        raise failure(error) from error


def failure(error: Any) -> RpcError:
    """What a failed call says. Fails when its status has no details."""
    status = rpc_status.from_call(error)
    assert status is not None, f"{error.code()} has no details: {error.details()}"
    return RpcError(status)
