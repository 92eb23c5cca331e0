"""Who calls: the bearer credential of every method that is not PUBLIC."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from server.core import clock
from server.core.call import Call
from server.core.contract import Method
from server.core.errors import PermissionDenied, Unauthenticated
from server.core.interceptors.handler import Guards, Handler
from server.core.principal import Kind, Principal
from userdata.api.v1.options_pb2 import CREDENTIAL_FRESH_SESSION, CREDENTIAL_UNSPECIFIED

#: How long after a login the calls that ask for a fresh one are open.
FRESH_LOGIN: Final = timedelta(minutes=15)


def authentication(method: Method, proceed: Handler, guards: Guards) -> Handler:
    """Handle calls of `method` only for a principal with the kind of credential it takes."""
    if method.is_public:
        return proceed

    def handle(request: Message, call: Call) -> Message:
        principal = guards.authenticate(_bearer(call.metadata))
        _require_credential(method, principal)
        call.principal = principal
        return proceed(request, call)

    return handle


def _bearer(metadata: Mapping[str, str]) -> str:
    scheme, _, token = metadata.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated
    return token.strip()


def _require_credential(method: Method, principal: Principal) -> None:
    if method.credential == CREDENTIAL_UNSPECIFIED:
        return
    if principal.kind is not Kind.SESSION:
        raise PermissionDenied(
            "This needs a signed-in person. Sign in and use the access token in place of the API key.",
            reason="SESSION_REQUIRED",
        )
    fresh = principal.auth_time is not None and clock.now() - principal.auth_time <= FRESH_LOGIN
    if method.credential == CREDENTIAL_FRESH_SESSION and not fresh:
        raise PermissionDenied(
            "Sign in again to confirm that it is you, then repeat the call.", reason="FRESH_LOGIN_REQUIRED"
        )
