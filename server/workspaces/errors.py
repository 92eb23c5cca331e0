"""How workspaces refuse: one class for each reason of the contract that this room raises.

Some reasons are those of accounts too, and stand in `server.accounts.errors`.
"""

from server.core.errors import AlreadyExists, Exhausted, FailedPrecondition, InvalidArgument, PermissionDenied


class SlugTaken(AlreadyExists):
    """Another living workspace has the slug."""

    reason = "SLUG_TAKEN"
    message = 'The slug "{slug}" is taken. Choose another.'


class SlugReserved(InvalidArgument):
    """The slug is kept for the product's own use."""

    reason = "SLUG_RESERVED"
    message = 'The slug "{slug}" is reserved. Choose another.'


class NotDeleted(AlreadyExists):
    """There is nothing to undelete."""

    reason = "NOT_DELETED"
    message = "This is not deleted. There is nothing to undelete."


class WorkspaceDeleted(FailedPrecondition):
    """The workspace is deleted and everything in it stands still."""

    reason = "WORKSPACE_DELETED"
    message = "This workspace is deleted. Undelete it first."


class TooManyWorkspaces(Exhausted):
    """The person owns as many workspaces as one may."""

    message = "At most {limit} workspaces may be yours. Delete one, or give one to another member first."


class LastOwner(FailedPrecondition):
    """The change would leave the workspace without an owner."""

    reason = "LAST_OWNER"
    message = "A workspace needs an owner. Make another member an owner first."


class AlreadyMember(AlreadyExists):
    """The person is a member already."""

    reason = "ALREADY_MEMBER"
    message = "This person is a member already. Change the role of the member instead."


class RoleNotGrantable(PermissionDenied):
    """The role is above the caller's own."""

    reason = "ROLE_NOT_GRANTABLE"
    message = "You cannot give or change the role {role}. Ask an owner of the workspace."


class InvitationPending(AlreadyExists):
    """The e-mail has a pending invitation."""

    reason = "INVITATION_PENDING"
    message = "This e-mail is invited already. Resend or revoke that invitation."


class TooManyInvitations(Exhausted):
    """The workspace has as many pending invitations as it may."""

    message = "At most {limit} invitations may be pending. Revoke one first."


class InvitationTokenInvalid(InvalidArgument):
    """The token was never issued, or was replaced by a newer one."""

    reason = "INVITATION_TOKEN_INVALID"
    message = "This link is not valid. Use the newest message or ask for a new invitation."


class InvitationExpired(FailedPrecondition):
    """The invitation is past its expiry."""

    reason = "INVITATION_EXPIRED"
    message = "This invitation has expired. Ask for a new one."


class InvitationNotPending(FailedPrecondition):
    """The invitation was accepted, declined or revoked."""

    reason = "INVITATION_NOT_PENDING"
    message = "This invitation is not open any more. Ask for a new one."


class InvitationEmailMismatch(PermissionDenied):
    """The invitation is for another e-mail than the caller's."""

    reason = "INVITATION_EMAIL_MISMATCH"
    message = "This invitation is for another e-mail. Sign in with the account that it was sent to."


class TransferPending(AlreadyExists):
    """The workspace has an open offer of ownership."""

    reason = "TRANSFER_PENDING"
    message = "Ownership is offered already. Cancel that offer first."


class TransferExpired(FailedPrecondition):
    """The offer is past its 7 days."""

    reason = "TRANSFER_EXPIRED"
    message = "This offer has expired. Ask for a new one."


class TransferNotPending(FailedPrecondition):
    """The offer was accepted, declined or cancelled."""

    reason = "TRANSFER_NOT_PENDING"
    message = "This offer is not open any more. Ask for a new one."


class TransferNotAddressee(PermissionDenied):
    """The offer was made to somebody else."""

    reason = "TRANSFER_NOT_ADDRESSEE"
    message = "This offer is for another member. Only that member can answer it."


class TransferToNonMember(FailedPrecondition):
    """The person to whom ownership is offered is not a member."""

    reason = "TRANSFER_TO_NON_MEMBER"
    message = "Ownership can only go to a member. Invite this person first."


class TransferToOwner(FailedPrecondition):
    """The member to whom ownership is offered has it."""

    reason = "TRANSFER_TO_OWNER"
    message = "This member owns the workspace already. Choose another."


class TooManyApiKeys(Exhausted):
    """The workspace has as many active API keys as it may."""

    message = "At most {limit} API keys may be active. Revoke one first."
