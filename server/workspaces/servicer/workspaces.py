"""userdata.workspaces.v1.WorkspaceService."""

from typing import Final

from server.core import masks, paging
from server.core.call import Call
from server.workspaces import convert
from server.workspaces.service import access, deletion, workspaces
from userdata.workspaces.v1 import workspace_service_pb2 as pb
from userdata.workspaces.v1.workspace_pb2 import Workspace

_CHANGEABLE: Final = frozenset({"name", "slug", "settings", "labels"})


class WorkspaceServicer:
    """Keeps workspaces."""

    def CreateWorkspace(self, request: pb.CreateWorkspaceRequest, call: Call) -> Workspace:
        wanted = request.workspace
        row = workspaces.create(
            call.caller.own_id,
            name=wanted.name,
            slug=wanted.slug,
            settings=convert.settings_of(wanted),
            labels=dict(wanted.labels),
            validate_only=request.validate_only,
        )
        return convert.preview(row) if request.validate_only else convert.workspace(row)

    def GetWorkspace(self, request: pb.GetWorkspaceRequest, call: Call) -> Workspace:
        return convert.workspace(access.workspace_of(call))

    def GetWorkspaceBySlug(self, request: pb.GetWorkspaceBySlugRequest, call: Call) -> Workspace:
        return convert.workspace(workspaces.get_by_slug(call.caller.own_id, request.slug))

    def ListWorkspaces(self, request: pb.ListWorkspacesRequest, call: Call) -> pb.ListWorkspacesResponse:
        person = call.caller.own_id
        rows, token = workspaces.page_of_mine(
            person,
            paging.page_of(request, scope=str(person)),
            order_by=request.order_by,
            show_deleted=request.show_deleted,
        )
        return pb.ListWorkspacesResponse(workspaces=[convert.workspace(row) for row in rows], next_page_token=token)

    def UpdateWorkspace(self, request: pb.UpdateWorkspaceRequest, call: Call) -> Workspace:
        paths = masks.paths(request.update_mask, request.workspace, allowed=_CHANGEABLE)
        changes = convert.workspace_columns(request.workspace, paths)
        return convert.workspace(workspaces.update(call, changes, etag=request.workspace.etag))

    def DeleteWorkspace(self, request: pb.DeleteWorkspaceRequest, call: Call) -> Workspace:
        return convert.workspace(deletion.delete(call, etag=request.etag))

    def UndeleteWorkspace(self, request: pb.UndeleteWorkspaceRequest, call: Call) -> Workspace:
        return convert.workspace(deletion.undelete(call.workspace, etag=request.etag, slug=request.slug))
