"""The database scope of a call: a transaction for methods that write, single-statement reads for those that do not."""

from uuid import UUID

from google.protobuf.message import Message

from server.core import ids
from server.core.call import Call
from server.core.contract import Method
from server.core.errors import DomainError, InvalidArgument, NotFound
from server.core.interceptors.handler import Handler
from server.core.tenancy import reading, transaction


def scope(method: Method, proceed: Handler) -> Handler:
    """Handle calls of `method` with the caller and the workspace set for row-level security."""
    if method.reads_only:

        def read(request: Message, call: Call) -> Message:
            _locate(method, request, call)
            with reading(workspace=call.workspace_id, user=_user(call)):
                return proceed(request, call)

        return read

    def write(request: Message, call: Call) -> Message:
        _locate(method, request, call)
        refusal: DomainError | None = None
        with transaction(workspace=call.workspace_id, user=_user(call)):
            try:
                response = proceed(request, call)
            except DomainError as error:
                if not error.keep_changes:
                    raise
                refusal = error
        if refusal is not None:
            raise refusal
        return response if call.afterwards is None else call.afterwards(response)

    return write


def _user(call: Call) -> UUID | None:
    return call.principal.user_id if call.principal else None


def _locate(method: Method, request: Message, call: Call) -> None:
    """Note which workspace the request speaks of; what is not an id is as little there as an unknown one."""
    if not method.in_workspace:
        return
    try:
        call.workspace_id = ids.decode("ws", request.workspace_id)  # type: ignore[attr-defined]
    except InvalidArgument:
        raise NotFound from None
