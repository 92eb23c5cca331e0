"""The contract as data: what each method's options in `protos/` say, read from the descriptors once at start."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, Final

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message

import userdata
from userdata.api.v1 import options_pb2

PUBLIC: Final = "PUBLIC"
AUTHENTICATED: Final = "AUTHENTICATED"
INSTALLATION: Final = "installation."


class ContractError(Exception):
    """The contract and the server do not fit; the process must not start."""


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC and what its options declare."""

    service: str
    name: str
    request: type[Message]
    response: type[Message]
    permission: str
    credential: int
    reads_only: bool
    in_workspace: bool

    @property
    def full_name(self) -> str:
        """`package.Service/Method`, as gRPC writes it after the first slash."""
        return f"{self.service}/{self.name}"

    @property
    def is_public(self) -> bool:
        """Whether no credential is looked at."""
        return self.permission == PUBLIC


def methods(service: ServiceDescriptor) -> Iterator[Method]:
    """The methods of `service`. Raises ContractError for one without a permission: absence denies."""
    for descriptor in service.methods:
        yield _method(service, descriptor)


@cache
def permissions() -> frozenset[str]:
    """Every permission that some method of the contract asks for: what an API key's scopes may be."""
    names = [module.name for module in walk_packages(userdata.__path__, "userdata.")]
    services = [
        service
        for name in names
        if name.endswith("_service_pb2")
        for service in import_module(name).DESCRIPTOR.services_by_name.values()
    ]
    return frozenset(method.permission for service in services for method in methods(service)) - {
        PUBLIC,
        AUTHENTICATED,
    }


def _method(service: ServiceDescriptor, descriptor: MethodDescriptor) -> Method:
    options: Any = descriptor.GetOptions()
    permission: str = options.Extensions[options_pb2.permission]
    if not permission:
        raise ContractError(f"{descriptor.full_name} declares no (userdata.api.v1.permission)")
    request = descriptor.input_type
    in_workspace = "workspace_id" in request.fields_by_name and permission not in (PUBLIC, AUTHENTICATED)
    return Method(
        service=service.full_name,
        name=descriptor.name,
        request=message_factory.GetMessageClass(request),
        response=message_factory.GetMessageClass(descriptor.output_type),
        permission=permission,
        credential=options.Extensions[options_pb2.credential],
        reads_only=options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS,
        in_workspace=in_workspace and not permission.startswith(INSTALLATION),
    )
