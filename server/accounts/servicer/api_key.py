"""userdata.accounts.v1.ApiKeyService."""

from typing import Final

from google.protobuf.empty_pb2 import Empty

from server.accounts import convert
from server.accounts.service import api_keys
from server.core import ids, masks, paging
from server.core.call import Call
from userdata.accounts.v1 import api_key_pb2
from userdata.accounts.v1 import api_key_service_pb2 as pb

_CHANGEABLE: Final = ("name",)


class ApiKeyServicer:
    """Keeps the caller's personal API keys."""

    def CreateApiKey(self, request: pb.CreateApiKeyRequest, call: Call) -> pb.CreateApiKeyResponse:
        wanted = request.api_key
        row, key = api_keys.create(
            call.caller.own_id, name=wanted.name, scopes=wanted.scopes, expire_time=convert.expire_time(wanted)
        )
        return pb.CreateApiKeyResponse(api_key=convert.api_key(row), key=key)

    def GetApiKey(self, request: pb.GetApiKeyRequest, call: Call) -> api_key_pb2.ApiKey:
        return convert.api_key(api_keys.found(call.caller.own_id, ids.decode("key", request.api_key_id)))

    def ListApiKeys(self, request: pb.ListApiKeysRequest, call: Call) -> pb.ListApiKeysResponse:
        user_id = call.caller.own_id
        page = paging.page_of(request, scope=str(user_id))
        rows, token = api_keys.listed(user_id, page, show_revoked=request.show_revoked)
        return pb.ListApiKeysResponse(api_keys=[convert.api_key(row) for row in rows], next_page_token=token)

    def UpdateApiKey(self, request: pb.UpdateApiKeyRequest, call: Call) -> api_key_pb2.ApiKey:
        wanted = request.api_key
        name = wanted.name if masks.paths(request.update_mask, wanted, allowed=_CHANGEABLE) else None
        api_key_id = ids.decode("key", request.api_key_id)
        return convert.api_key(api_keys.rename(call.caller.own_id, api_key_id, name=name, etag=wanted.etag))

    def RevokeApiKey(self, request: pb.RevokeApiKeyRequest, call: Call) -> Empty:
        api_keys.revoke(call.caller.own_id, ids.decode("key", request.api_key_id), etag=request.etag)
        return Empty()
