"""The services of the contract, each method one call into the rules."""

from server.workspaces.servicer.api_keys import WorkspaceApiKeyServicer
from server.workspaces.servicer.invitations import InvitationServicer
from server.workspaces.servicer.members import MemberServicer
from server.workspaces.servicer.ownership_transfers import OwnershipTransferServicer
from server.workspaces.servicer.workspaces import WorkspaceServicer

__all__ = [
    "InvitationServicer",
    "MemberServicer",
    "OwnershipTransferServicer",
    "WorkspaceApiKeyServicer",
    "WorkspaceServicer",
]
