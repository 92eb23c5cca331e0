"""What an endpoint's deliveries are signed with: making, showing and replacing it."""

from datetime import datetime, timedelta
from typing import Final

from server.core import clock, ids
from server.webhooks import sealing
from server.webhooks.errors import SecretInvalid, TooManySecrets
from server.webhooks.queries import secrets
from server.webhooks.queries.rows import EndpointRow, SecretRow
from server.webhooks.sending import signing
from server.webhooks.sending.signing import SecretMalformed
from server.webhooks.service import versions
from userdata.webhooks.v1.webhook_events_pb2 import WebhookEndpointSecretRotated

#: How many secrets may be valid at a time: each adds a signature to every delivery.
MOST: Final = 10
#: How long a replaced secret still signs when nothing else is asked for.
OVERLAP: Final = timedelta(hours=24)


def make(endpoint: EndpointRow, text: str, *, field: str, at: datetime) -> SecretRow:
    """The endpoint's new secret: the one that `text` writes, or a random one. Raises SecretInvalid."""
    key = _key_of(endpoint.signature, text, field=field) if text else signing.new_secret(endpoint.signature)
    row = SecretRow(
        ids.new(), endpoint.id, endpoint.workspace_id, sealing.seal_secret(endpoint.id, key), at, expire_time=None
    )
    secrets.insert(row)
    return row


def valid(endpoint: EndpointRow) -> list[SecretRow]:
    """The secrets that deliveries are signed with, the newest first."""
    return secrets.valid(endpoint.workspace_id, endpoint.id, now=clock.now())


def rotate(endpoint: EndpointRow, text: str, *, overlap: timedelta | None) -> SecretRow:
    """The secret that replaces the present one, which signs until `overlap` has passed.

    The transaction holds the endpoint. Raises SecretInvalid, TooManySecrets.
    """
    now = clock.now()
    secrets.delete(endpoint.workspace_id, endpoint.id, expired_before=now)
    secrets.expire(endpoint.workspace_id, endpoint.id, at=now + (OVERLAP if overlap is None else overlap))
    if len(valid(endpoint)) >= MOST:
        raise TooManySecrets(limit=str(MOST))
    row = make(endpoint, text, field="secret", at=now)
    after = versions.change(endpoint)
    rotated = WebhookEndpointSecretRotated(endpoint_id=ids.encode("whe", after.id), secret_id=ids.encode("whs", row.id))
    versions.publish("secret_rotated", after, rotated)
    return row


def forget(endpoint: EndpointRow) -> None:
    """Delete the secrets of an endpoint that is deleted."""
    secrets.delete(endpoint.workspace_id, endpoint.id)


def shown(endpoint: EndpointRow, row: SecretRow) -> tuple[str, str]:
    """The shared secret and the public key as text; one of them is empty."""
    key = sealing.open_secret(endpoint.id, row.secret)
    if endpoint.signature == signing.ED25519:
        return "", signing.public_key(key)
    return signing.format_secret(endpoint.signature, key), ""


def _key_of(signature: str, text: str, *, field: str) -> bytes:
    try:
        return signing.parse_secret(signature, text)
    except SecretMalformed as error:
        raise SecretInvalid(str(error), field=field) from error
