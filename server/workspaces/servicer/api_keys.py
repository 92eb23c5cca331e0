"""userdata.workspaces.v1.WorkspaceApiKeyService."""

from typing import Final

from google.protobuf.empty_pb2 import Empty

from server.core import ids, masks, paging
from server.core.call import Call
from server.workspaces import convert
from server.workspaces.service import api_keys
from userdata.workspaces.v1 import workspace_api_key_service_pb2 as pb
from userdata.workspaces.v1.workspace_api_key_pb2 import WorkspaceApiKey

_CHANGEABLE: Final = frozenset({"name"})


class WorkspaceApiKeyServicer:
    """Keeps the API keys of a workspace."""

    def CreateWorkspaceApiKey(
        self, request: pb.CreateWorkspaceApiKeyRequest, call: Call
    ) -> pb.CreateWorkspaceApiKeyResponse:
        wanted = request.api_key
        row, key = api_keys.create(
            call,
            name=wanted.name,
            scopes=list(wanted.scopes),
            expire_time=convert.moment(wanted.expire_time) if wanted.HasField("expire_time") else None,
        )
        return pb.CreateWorkspaceApiKeyResponse(api_key=convert.api_key(row), key=key)

    def GetWorkspaceApiKey(self, request: pb.GetWorkspaceApiKeyRequest, call: Call) -> WorkspaceApiKey:
        return convert.api_key(api_keys.get(call.workspace, ids.decode("key", request.api_key_id)))

    def ListWorkspaceApiKeys(
        self, request: pb.ListWorkspaceApiKeysRequest, call: Call
    ) -> pb.ListWorkspaceApiKeysResponse:
        page = paging.page_of(request)
        rows, token = api_keys.page_of(call.workspace, page, show_revoked=request.show_revoked)
        return pb.ListWorkspaceApiKeysResponse(api_keys=[convert.api_key(row) for row in rows], next_page_token=token)

    def UpdateWorkspaceApiKey(self, request: pb.UpdateWorkspaceApiKeyRequest, call: Call) -> WorkspaceApiKey:
        paths = masks.paths(request.update_mask, request.api_key, allowed=_CHANGEABLE)
        row = api_keys.rename(
            call,
            ids.decode("key", request.api_key_id),
            name=request.api_key.name if "name" in paths else None,
            etag=request.api_key.etag,
        )
        return convert.api_key(row)

    def RevokeWorkspaceApiKey(self, request: pb.RevokeWorkspaceApiKeyRequest, call: Call) -> Empty:
        api_keys.revoke(call, ids.decode("key", request.api_key_id), etag=request.etag)
        return Empty()

    def ReassignWorkspaceApiKey(self, request: pb.ReassignWorkspaceApiKeyRequest, call: Call) -> WorkspaceApiKey:
        key_id = ids.decode("key", request.api_key_id)
        return convert.api_key(api_keys.reassign(call, key_id, etag=request.etag))
