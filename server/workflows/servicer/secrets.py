"""userdata.workflows.v1.WorkflowSecretService."""

from google.protobuf.empty_pb2 import Empty

from server.core import paging
from server.core.call import Call
from server.workflows.convert import secrets as convert
from server.workflows.service import secrets
from userdata.workflows.v1 import secret_service_pb2 as pb
from userdata.workflows.v1.secret_pb2 import WorkflowSecret


class WorkflowSecretServicer:
    """Keeps the secrets of a workspace that definitions use."""

    def CreateWorkflowSecret(self, request: pb.CreateWorkflowSecretRequest, call: Call) -> WorkflowSecret:
        return convert.secret(secrets.create(call, request.secret))

    def GetWorkflowSecret(self, request: pb.GetWorkflowSecretRequest, call: Call) -> WorkflowSecret:
        return convert.secret(secrets.get(call.workspace, request.name))

    def ListWorkflowSecrets(self, request: pb.ListWorkflowSecretsRequest, call: Call) -> pb.ListWorkflowSecretsResponse:
        rows, token = secrets.page_of(call.workspace, paging.page_of(request))
        return pb.ListWorkflowSecretsResponse(secrets=[convert.secret(row) for row in rows], next_page_token=token)

    def SetWorkflowSecret(self, request: pb.SetWorkflowSecretRequest, call: Call) -> WorkflowSecret:
        return convert.secret(secrets.put(call, request.name, request.value))

    def DeleteWorkflowSecret(self, request: pb.DeleteWorkflowSecretRequest, call: Call) -> Empty:
        secrets.delete(call, request.name)
        return Empty()
