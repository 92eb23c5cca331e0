"""How webhooks refuse: one class for each reason of the contract that this room raises."""

from server.core.errors import AlreadyExists, Exhausted, FailedPrecondition, InvalidArgument, Unauthenticated


class EndpointUrlTaken(AlreadyExists):
    """Another living endpoint of the workspace has the URL."""

    reason = "ENDPOINT_URL_TAKEN"
    message = "Another endpoint of this workspace has the URL. Change that one, or use another URL."


class EndpointUrlForbidden(InvalidArgument):
    """Webhooks may not be sent to the URL: not https, or an address that is not public."""

    reason = "ENDPOINT_URL_FORBIDDEN"
    message = "Webhooks cannot be sent to this URL. Use an https URL whose host is public."


class EndpointHeaderForbidden(InvalidArgument):
    """The product sets the header itself, or it would change how the request is sent."""

    reason = "ENDPOINT_HEADER_FORBIDDEN"
    message = "The header {header} cannot be set. Remove it."


class ExpressionInvalid(InvalidArgument):
    """A CEL expression cannot be compiled. Metadata: the field, line and column, and `fault`, what is wrong there."""

    reason = "EXPRESSION_INVALID"
    message = "The expression cannot be read at line {line}, column {column}: {fault}"


class TooManyEndpoints(Exhausted):
    """The workspace has as many endpoints as it may."""

    message = "At most {limit} endpoints may be in a workspace. Delete one first."


class EndpointDisabled(FailedPrecondition):
    """The endpoint is disabled: nothing is sent to it."""

    reason = "ENDPOINT_DISABLED"
    message = "The endpoint is disabled. Resume it first."


class EndpointPaused(FailedPrecondition):
    """The endpoint is paused: what is sent to it is held."""

    reason = "ENDPOINT_PAUSED"
    message = "The endpoint is paused. Resume it first."


class ExampleMissing(InvalidArgument):
    """There is nothing to send as an event of this type."""

    reason = "EVENT_TYPE_UNKNOWN"
    message = "There is no example of {type}. Add one to the event type, or use webhook.test."


class EndpointRefused(FailedPrecondition):
    """The receiver did not consent to webhooks (CloudEvents HTTP Webhook, section 4)."""

    reason = "ENDPOINT_REFUSED"
    message = (
        "The receiver did not allow webhooks from this origin. It must answer OPTIONS with WebHook-Allowed-Origin."
    )


class SecretInvalid(InvalidArgument):
    """The secret is not of the kind that the endpoint signs with."""

    reason = "SECRET_INVALID"
    message = "The secret must be whsec_ and the base64 of 24 to 64 bytes."


class TooManySecrets(Exhausted):
    """So many rotations overlap that one more signature would be too much."""

    message = "At most {limit} secrets may be valid at a time. Wait until the overlap of one has passed."


class DeliveryOpen(FailedPrecondition):
    """An attempt of the delivery is being made."""

    reason = "DELIVERY_OPEN"
    message = "An attempt is being made at this moment. Try again when it has ended."


class DeliveryFinished(FailedPrecondition):
    """There is nothing left of the delivery to cancel."""

    reason = "DELIVERY_FINISHED"
    message = "The delivery is finished already."


class TooManyReplays(Exhausted):
    """As many replays of the workspace run as may."""

    message = "At most {limit} replays of a workspace may run. Wait until one has ended, or cancel it."


class ReplayFinished(FailedPrecondition):
    """There is nothing left of the replay to cancel."""

    reason = "REPLAY_FINISHED"
    message = "The replay is finished already."


class SourceSignatureInvalid(Unauthenticated):
    """What a source received is not signed as its settings ask."""

    reason = "SOURCE_SIGNATURE_INVALID"
    message = "The signature does not match. Check the secret at the sender."
    # The receipt stays.
    keep_changes = True


class SourcePaused(FailedPrecondition):
    """The source takes nothing."""

    reason = "SOURCE_PAUSED"
    message = "The source is paused. Resume it first."


class SourcePayloadInvalid(InvalidArgument):
    """What a source received cannot become an event."""

    reason = "SOURCE_PAYLOAD_INVALID"
    message = "The body must be JSON in UTF-8, or a form."
    keep_changes = True


class TooManySources(Exhausted):
    """The workspace has as many sources as it may."""

    message = "At most {limit} sources may be in a workspace. Delete one first."


class PortalCodeInvalid(Unauthenticated):
    """The portal link was used, is past its time, or never was."""

    reason = "PORTAL_CODE_INVALID"
    message = "The portal link is not valid any more. Ask for a new one."


class PortalSessionEnded(Unauthenticated):
    """The portal session is past its time or was revoked."""

    reason = "PORTAL_SESSION_ENDED"
    message = "The portal session has ended. Open a new portal link."
