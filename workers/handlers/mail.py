"""Jobs that send e-mail: the rooms say what each letter says, and whether there is still something to say."""

from server.accounts.service import mail as accounts
from server.core import ids, tenancy
from server.core.mail import Letter
from server.webhooks.service import mail as webhooks
from server.workspaces.service import mail as workspaces
from userdata.jobs.v1.mail_pb2 import (
    SendAccountExistsEmail,
    SendInvitationEmail,
    SendOwnershipOfferEmail,
    SendPasswordChangedEmail,
    SendPasswordResetEmail,
    SendSessionsRevokedEmail,
    SendVerificationEmail,
)
from userdata.jobs.v1.webhooks_pb2 import SendEndpointDisabledEmail
from workers.registry import mails


@mails(SendVerificationEmail)
def verification(job: SendVerificationEmail) -> Letter | None:
    """The link that verifies an e-mail."""
    with tenancy.reading():
        return accounts.verification(ids.decode("usr", job.user_id))


@mails(SendAccountExistsEmail)
def account_exists(job: SendAccountExistsEmail) -> Letter | None:
    """That somebody tried to register with the user's e-mail."""
    with tenancy.reading():
        return accounts.account_exists(ids.decode("usr", job.user_id))


@mails(SendPasswordResetEmail)
def password_reset(job: SendPasswordResetEmail) -> Letter | None:
    """The link that sets a new password."""
    with tenancy.reading():
        return accounts.reset(ids.decode("usr", job.user_id))


@mails(SendPasswordChangedEmail)
def password_changed(job: SendPasswordChangedEmail) -> Letter | None:
    """That the password was changed."""
    with tenancy.reading():
        return accounts.password_changed(ids.decode("usr", job.user_id))


@mails(SendSessionsRevokedEmail)
def session_revoked(job: SendSessionsRevokedEmail) -> Letter | None:
    """That a session was ended because an old refresh token came back."""
    with tenancy.reading():
        return accounts.session_revoked(ids.decode("usr", job.user_id), ids.decode("ses", job.session_id))


@mails(SendInvitationEmail)
def invitation(job: SendInvitationEmail) -> Letter | None:
    """The link of an invitation."""
    return workspaces.invitation(ids.decode("ws", job.workspace_id), ids.decode("inv", job.invitation_id))


@mails(SendOwnershipOfferEmail)
def ownership_offer(job: SendOwnershipOfferEmail) -> Letter | None:
    """That a workspace is offered."""
    return workspaces.ownership_offer(ids.decode("ws", job.workspace_id), ids.decode("otr", job.ownership_transfer_id))


@mails(SendEndpointDisabledEmail)
def endpoint_disabled(job: SendEndpointDisabledEmail) -> Letter | None:
    """That an endpoint was given up."""
    return webhooks.endpoint_disabled(
        ids.decode("ws", job.workspace_id), ids.decode("whe", job.endpoint_id), ids.decode("usr", job.user_id)
    )
