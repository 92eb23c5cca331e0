"""The composition root: which services there are, who serves them, and what the core needs from the rooms."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from server.accounts.conf import AccountsSettings
from server.accounts.service import deletion
from server.accounts.service.authentication import verify_access_token, verify_api_key
from server.accounts.servicer import (
    AccountServicer,
    ApiKeyServicer,
    SessionServicer,
    TotpServicer,
    UserAdminServicer,
)
from server.core import config
from server.core.credentials import Credentials
from server.core.interceptors.edge import UnknownMethods, handlers
from server.core.interceptors.handler import Guards
from server.core.interceptors.health import health_handlers
from server.events.conf import EventsSettings
from server.events.servicer.event_types import EventTypeServicer
from server.events.servicer.events import EventServicer
from server.events.servicer.streams import EventStreamServicer
from server.webhooks.conf import WebhooksSettings
from server.webhooks.service.portal import verify_portal_token
from server.webhooks.servicer import (
    DeliveryServicer,
    EndpointServicer,
    PortalServicer,
    ReplayServicer,
    SourceServicer,
)
from server.workflows.conf import WorkflowsSettings
from server.workflows.servicer import (
    DefinitionServicer,
    TriggerServicer,
    WorkflowSecretServicer,
    WorkflowServicer,
    WorkflowStatsServicer,
)
from server.workflows.servicer.approvals import ApprovalServicer
from server.workflows.servicer.executions import ExecutionServicer, ExecutionStreamServicer
from server.workspaces.conf import WorkspacesSettings
from server.workspaces.service.access import permissions_in
from server.workspaces.service.api_keys import verify_workspace_api_key
from server.workspaces.service.members import refuse_sole_owner
from server.workspaces.servicer import (
    InvitationServicer,
    MemberServicer,
    OwnershipTransferServicer,
    WorkspaceApiKeyServicer,
    WorkspaceServicer,
)
from userdata.accounts.v1 import (
    account_service_pb2,
    api_key_service_pb2,
    session_service_pb2,
    totp_service_pb2,
    user_admin_service_pb2,
)
from userdata.events.v1 import event_service_pb2, event_stream_service_pb2, event_type_service_pb2
from userdata.webhooks.v1 import (
    delivery_service_pb2,
    endpoint_service_pb2,
    portal_service_pb2,
    replay_service_pb2,
    source_service_pb2,
)
from userdata.workflows.v1 import (
    approval_service_pb2,
    definition_service_pb2,
    execution_service_pb2,
    execution_stream_service_pb2,
    secret_service_pb2,
    trigger_service_pb2,
    workflow_service_pb2,
    workflow_stats_service_pb2,
)
from userdata.workspaces.v1 import (
    invitation_service_pb2,
    member_service_pb2,
    ownership_transfer_service_pb2,
    workspace_api_key_service_pb2,
    workspace_service_pb2,
)

SETTINGS: Final = (
    config.Core,
    AccountsSettings,
    WorkspacesSettings,
    EventsSettings,
    WebhooksSettings,
    WorkflowsSettings,
)

CREDENTIALS: Final = Credentials(
    {"udk_": verify_api_key, "udw_": verify_workspace_api_key, "udp_": verify_portal_token},
    otherwise=verify_access_token,
)
GUARDS: Final = Guards(authenticate=CREDENTIALS.authenticate, permissions_in=permissions_in)

# An account must not vanish while a workspace has no other owner.
deletion.GUARDS.append(refuse_sole_owner)

SERVICERS: Final[tuple[tuple[ServiceDescriptor, object], ...]] = (
    (account_service_pb2.DESCRIPTOR.services_by_name["AccountService"], AccountServicer()),
    (session_service_pb2.DESCRIPTOR.services_by_name["SessionService"], SessionServicer()),
    (totp_service_pb2.DESCRIPTOR.services_by_name["TotpService"], TotpServicer()),
    (api_key_service_pb2.DESCRIPTOR.services_by_name["ApiKeyService"], ApiKeyServicer()),
    (user_admin_service_pb2.DESCRIPTOR.services_by_name["UserAdminService"], UserAdminServicer()),
    (workspace_service_pb2.DESCRIPTOR.services_by_name["WorkspaceService"], WorkspaceServicer()),
    (member_service_pb2.DESCRIPTOR.services_by_name["MemberService"], MemberServicer()),
    (invitation_service_pb2.DESCRIPTOR.services_by_name["InvitationService"], InvitationServicer()),
    (
        ownership_transfer_service_pb2.DESCRIPTOR.services_by_name["OwnershipTransferService"],
        OwnershipTransferServicer(),
    ),
    (
        workspace_api_key_service_pb2.DESCRIPTOR.services_by_name["WorkspaceApiKeyService"],
        WorkspaceApiKeyServicer(),
    ),
    (event_service_pb2.DESCRIPTOR.services_by_name["EventService"], EventServicer()),
    (event_type_service_pb2.DESCRIPTOR.services_by_name["EventTypeService"], EventTypeServicer()),
    (endpoint_service_pb2.DESCRIPTOR.services_by_name["EndpointService"], EndpointServicer()),
    (portal_service_pb2.DESCRIPTOR.services_by_name["PortalService"], PortalServicer()),
    (delivery_service_pb2.DESCRIPTOR.services_by_name["DeliveryService"], DeliveryServicer()),
    (replay_service_pb2.DESCRIPTOR.services_by_name["ReplayService"], ReplayServicer()),
    (source_service_pb2.DESCRIPTOR.services_by_name["SourceService"], SourceServicer()),
    (workflow_service_pb2.DESCRIPTOR.services_by_name["WorkflowService"], WorkflowServicer()),
    (workflow_stats_service_pb2.DESCRIPTOR.services_by_name["WorkflowStatsService"], WorkflowStatsServicer()),
    (definition_service_pb2.DESCRIPTOR.services_by_name["DefinitionService"], DefinitionServicer()),
    (trigger_service_pb2.DESCRIPTOR.services_by_name["TriggerService"], TriggerServicer()),
    (secret_service_pb2.DESCRIPTOR.services_by_name["WorkflowSecretService"], WorkflowSecretServicer()),
    (execution_service_pb2.DESCRIPTOR.services_by_name["ExecutionService"], ExecutionServicer()),
    (approval_service_pb2.DESCRIPTOR.services_by_name["ApprovalService"], ApprovalServicer()),
)

#: Services with a method that streams its answers: the streams processes serve them, whole.
STREAMED: Final[tuple[tuple[ServiceDescriptor, object], ...]] = (
    (event_stream_service_pb2.DESCRIPTOR.services_by_name["EventStreamService"], EventStreamServicer()),
    (execution_stream_service_pb2.DESCRIPTOR.services_by_name["ExecutionStreamService"], ExecutionStreamServicer()),
)

#: Larger messages are refused by grpc itself; Envoy refuses REST bodies above its own, lower limit.
_MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
#: Calls that wait for a thread; beyond it a process answers RESOURCE_EXHAUSTED instead of queueing for ever.
_WAITING_PER_THREAD: Final = 64


def rpc_server(*, threads: int) -> grpc.Server:
    """A gRPC server with every unary method of the contract, not started. One database connection a thread."""
    server = grpc.server(
        ThreadPoolExecutor(threads, thread_name_prefix="call"),
        options=(
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            # Each process has a port of its own that Envoy balances over: two on one port must fail loudly.
            ("grpc.so_reuseport", 0),
        ),
        maximum_concurrent_rpcs=threads * (1 + _WAITING_PER_THREAD),
    )
    for service, servicer in SERVICERS:
        server.add_registered_method_handlers(service.full_name, handlers(service, servicer, GUARDS))
    server.add_generic_rpc_handlers((health_handlers(), UnknownMethods()))
    return server
