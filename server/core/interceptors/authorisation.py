"""May they: the permission of the method, in the workspace of the request where it names one."""

from google.protobuf.message import Message

from server.core.call import Call
from server.core.contract import AUTHENTICATED, INSTALLATION, PUBLIC, Method
from server.core.errors import PermissionDenied
from server.core.interceptors.handler import Guards, Handler
from server.core.principal import Principal


def authorisation(method: Method, proceed: Handler, guards: Guards) -> Handler:
    """Handle calls of `method` only for principals that hold its permission."""
    if method.permission in (PUBLIC, AUTHENTICATED):
        return proceed
    permission = method.permission

    def in_workspace(request: Message, call: Call) -> Message:
        call.permissions = guards.permissions_in(call.caller, call.workspace)
        require_scope(call.caller, permission)
        if permission not in call.permissions:
            raise PermissionDenied(permission=permission)
        return proceed(request, call)

    def own(request: Message, call: Call) -> Message:
        if call.caller.workspace_id is not None:
            raise PermissionDenied(
                "This credential works only inside its workspace. Sign in, or use a personal API key.",
                permission=permission,
            )
        require_scope(call.caller, permission)
        if permission.startswith(INSTALLATION) and not call.caller.is_admin:
            raise PermissionDenied(
                "You need the permission {permission}, which administrators of the installation have.",
                permission=permission,
            )
        return proceed(request, call)

    return in_workspace if method.in_workspace else own


def require_scope(principal: Principal, permission: str) -> None:
    """Raise PermissionDenied unless the credential's scopes leave room for `permission`."""
    if not principal.may(permission):
        raise PermissionDenied(
            "The API key needs the scope {permission}. Use a key that has it or create one.",
            reason="SCOPE_MISSING",
            permission=permission,
        )
