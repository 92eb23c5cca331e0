"""What an endpoint keeps secret, and how it is sealed: headers, what it authenticates with, what it signs with.

Each is sealed for its purpose and its endpoint, so that a value copied to another row does not open.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final
from uuid import UUID

from server.core import crypto
from server.webhooks.sending.types import Auth, Basic, Bearer, MutualTls, NoAuth, OAuth2

_HEADERS: Final = "webhook:headers"
_AUTH: Final = "webhook:auth"
_SECRET: Final = "webhook:secret"  # noqa: S105 - the name of a purpose

#: The words of the column `auth_kind`.
KINDS: Final[dict[str, type[Auth]]] = {
    "NONE": NoAuth,
    "BASIC": Basic,
    "BEARER": Bearer,
    "OAUTH2": OAuth2,
    "MTLS": MutualTls,
}
_WORDS: Final = {kind: word for word, kind in KINDS.items()}


def seal_headers(endpoint_id: UUID, headers: Mapping[str, str]) -> bytes:
    """`headers` for the column of the same name; nothing for none."""
    return _seal(_HEADERS, endpoint_id, json.dumps(dict(headers))) if headers else b""


def open_headers(endpoint_id: UUID, sealed: bytes) -> dict[str, str]:
    """What `seal_headers` was given. Raises crypto.SealBroken."""
    headers: dict[str, str] = json.loads(_open(_HEADERS, endpoint_id, sealed)) if sealed else {}
    return headers


def seal_auth(endpoint_id: UUID, auth: Auth) -> tuple[str, bytes]:
    """`auth` for the columns `auth_kind` and `auth`."""
    kind = _WORDS[type(auth)]
    return kind, b"" if isinstance(auth, NoAuth) else _seal(_AUTH, endpoint_id, json.dumps(asdict(auth)))


def open_auth(endpoint_id: UUID, kind: str, sealed: bytes) -> Auth:
    """What `seal_auth` was given. Raises crypto.SealBroken."""
    return KINDS[kind](**json.loads(_open(_AUTH, endpoint_id, sealed))) if sealed else NoAuth()


def seal_secret(endpoint_id: UUID, key: bytes) -> bytes:
    """The raw `key` for `webhook_secret.secret`."""
    return crypto.ring().seal(_SECRET, key, bound_to=endpoint_id.bytes)


def open_secret(endpoint_id: UUID, sealed: bytes) -> bytes:
    """What `seal_secret` was given. Raises crypto.SealBroken."""
    return crypto.ring().open(_SECRET, bytes(sealed), bound_to=endpoint_id.bytes)


def _seal(purpose: str, endpoint_id: UUID, text: str) -> bytes:
    return crypto.ring().seal(purpose, text.encode(), bound_to=endpoint_id.bytes)


def _open(purpose: str, endpoint_id: UUID, sealed: bytes) -> str:
    # The driver gives bytea as memoryview.
    return crypto.ring().open(purpose, bytes(sealed), bound_to=endpoint_id.bytes).decode()
