"""How accounts refuse: one class for each reason of the contract that this room raises."""

from datetime import timedelta

from server.core.errors import (
    AlreadyExists,
    Exhausted,
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    PermissionDenied,
    Unauthenticated,
)


class InvalidCredentials(Unauthenticated):
    """The e-mail or the password is wrong; which of them is not told. The failure stays counted."""

    reason = "INVALID_CREDENTIALS"
    message = "The e-mail or the password is wrong. Try again or reset the password."
    keep_changes = True


class LoginLocked(Exhausted):
    """Too many logins to one account failed from one address."""

    reason = "LOGIN_LOCKED"
    message = "Too many failed logins. Wait for the given time or reset the password."

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(retry_after=retry_after)


class AccountLocked(PermissionDenied):
    """An administrator locked the account; told only to who has proved to be its holder."""

    reason = "ACCOUNT_LOCKED"
    message = "This account is locked. Ask the administrator of this installation."


class EmailNotVerified(FailedPrecondition):
    """The account's e-mail is to be verified before its first login."""

    reason = "EMAIL_NOT_VERIFIED"
    message = "Verify your e-mail first. Use the link that was mailed, or ask for a new one."


class VerificationTokenInvalid(InvalidArgument):
    """Never issued, replaced, used, or past its 24 hours."""

    reason = "VERIFICATION_TOKEN_INVALID"
    message = "This link is not valid any more. Ask for a new one."


class PasswordResetTokenInvalid(InvalidArgument):
    """Never issued, replaced, used, or past its hour."""

    reason = "PASSWORD_RESET_TOKEN_INVALID"
    message = "This link is not valid any more. Ask for a new one."


class ResendTooSoon(Exhausted):
    """A message to this address was asked for less than a minute ago, whether or not it belongs to an account."""

    reason = "RESEND_TOO_SOON"
    message = "A message was sent a moment ago. Wait for the given time, then try again."

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(retry_after=retry_after)


class PasswordTooCommon(InvalidArgument):
    """The password is on the list of common ones, or one of them in disguise."""

    reason = "PASSWORD_TOO_COMMON"
    message = "This password is too common. Choose another."

    def __init__(self, field: str) -> None:
        super().__init__(violations=[FieldViolation(field, "is on the list of common passwords")])


class PasswordContainsEmail(InvalidArgument):
    """The password contains the part of the e-mail before the `@`."""

    reason = "PASSWORD_CONTAINS_EMAIL"
    message = "The password must not contain your e-mail. Choose another."

    def __init__(self, field: str) -> None:
        super().__init__(violations=[FieldViolation(field, "contains the first part of the e-mail")])


class TokenInvalid(Unauthenticated):
    """The access token is damaged, forged, or meant for another installation."""

    reason = "TOKEN_INVALID"
    message = "The access token is not valid. Sign in again."


class TokenExpired(Unauthenticated):
    """The access token is past its 15 minutes."""

    reason = "TOKEN_EXPIRED"
    message = "The access token has expired. Refresh the session."


class SessionRevoked(Unauthenticated):
    """The session was ended before its time, or its user may not sign in any more."""

    reason = "SESSION_REVOKED"
    message = "The session was ended. Sign in again."


class SessionExpired(Unauthenticated):
    """The session was idle for 7 days or is 31 days old."""

    reason = "SESSION_EXPIRED"
    message = "The session has expired. Sign in again."


class RefreshTokenInvalid(Unauthenticated):
    """The refresh token is damaged or was never issued."""

    reason = "REFRESH_TOKEN_INVALID"
    message = "The refresh token is not valid. Sign in again."


class RefreshTokenReused(Unauthenticated):
    """An old refresh token came back: somebody has a copy. The session stays revoked."""

    reason = "REFRESH_TOKEN_REUSED"
    message = "This refresh token was used before, so the session was ended. Sign in again."
    keep_changes = True


class ChallengeInvalid(Unauthenticated):
    """The challenge was never issued, is used, is past its 300 seconds, or had 5 wrong codes."""

    reason = "CHALLENGE_INVALID"
    message = "This login cannot be completed any more. Sign in again."


class TotpCodeInvalid(InvalidArgument):
    """The code is wrong or was used before. The failure stays counted."""

    reason = "TOTP_CODE_INVALID"
    message = "The code is wrong or used. Wait for the next one and try again."
    keep_changes = True


class TotpLocked(Exhausted):
    """Too many codes for one authenticator were wrong."""

    reason = "RATE_LIMITED"
    message = "Too many wrong codes. Wait for the given time, then try again."

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(retry_after=retry_after)


class TotpAlreadyEnabled(FailedPrecondition):
    """Two-step login is on."""

    reason = "TOTP_ALREADY_ENABLED"
    message = "Two-step login is on already. Disable it first to enrol another device."


class TotpNotEnabled(FailedPrecondition):
    """Two-step login is off."""

    reason = "TOTP_NOT_ENABLED"
    message = "Two-step login is off. Enable it first."


class TotpNotEnrolled(FailedPrecondition):
    """No enrolment was begun, or it is past its 15 minutes."""

    reason = "TOTP_NOT_ENROLLED"
    message = "There is no enrolment to confirm. Begin one first."


class ApiKeyInvalid(Unauthenticated):
    """The API key is damaged or was never issued."""

    reason = "API_KEY_INVALID"
    message = "The API key is not valid. Check that it was copied whole."


class ApiKeyRevoked(Unauthenticated):
    """The API key was revoked, or ended with its owner's account."""

    reason = "API_KEY_REVOKED"
    message = "The API key was revoked. Create a new one."


class ApiKeyExpired(Unauthenticated):
    """The API key is past its expiry."""

    reason = "API_KEY_EXPIRED"
    message = "The API key has expired. Create a new one."


class ApiKeyNotActive(FailedPrecondition):
    """The API key is revoked or expired and cannot be changed."""

    reason = "API_KEY_NOT_ACTIVE"
    message = "This API key is not active any more. Create a new one."


class TooManyApiKeys(Exhausted):
    """The user has as many active API keys as one may."""

    message = "At most {limit} API keys may be active. Revoke one first."


class PermissionUnknown(InvalidArgument):
    """There is no such permission in the contract."""

    reason = "PERMISSION_UNKNOWN"
    message = 'There is no permission "{permission}". Use one of those that are documented.'


class PermissionNotHeld(PermissionDenied):
    """The caller would give a permission it does not have."""

    reason = "PERMISSION_NOT_HELD"
    message = "You cannot give the permission {permission} because you do not have it."


class OwnAccount(FailedPrecondition):
    """Administrators cannot do this to their own account."""

    reason = "OWN_ACCOUNT"
    message = "You cannot do this to your own account. Ask another administrator."


class NotDeleted(AlreadyExists):
    """There is nothing to undelete: the account is alive."""

    reason = "NOT_DELETED"
    message = "This is not deleted. There is nothing to undelete."
