"""The types that interceptors share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from google.protobuf.message import Message

from server.core.call import Call
from server.core.principal import Principal

#: Takes a request and its call, gives the response, raises a DomainError. Servicer methods are handlers.
Handler = Callable[[Any, Call], Message]


@dataclass(frozen=True, slots=True)
class Guards:
    """What the core asks of the rooms above it; `server.app` puts their functions in.

    `authenticate` turns a bearer token into a principal or raises Unauthenticated. `permissions_in` gives the
    permissions a principal holds in a workspace, or raises NotFound when it has no part in it.
    """

    authenticate: Callable[[str], Principal]
    permissions_in: Callable[[Principal, UUID], frozenset[str]]
