"""Builds the chain of interceptors of one method."""

from server.core.contract import Method
from server.core.interceptors.authentication import authentication
from server.core.interceptors.authorisation import authorisation
from server.core.interceptors.handler import Guards, Handler
from server.core.interceptors.idempotency import idempotency
from server.core.interceptors.scope import scope
from server.core.interceptors.validation import validation


def chain(method: Method, servicer: Handler, guards: Guards) -> Handler:
    """`servicer` behind everything the contract declares for `method`."""
    handler = idempotency(method, servicer)
    handler = validation(handler)
    handler = authorisation(method, handler, guards)
    handler = scope(method, handler)
    return authentication(method, handler, guards)
