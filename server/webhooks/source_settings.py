"""What a source verifies with, and how it is sealed: a value that is copied to another source does not open."""

import json
from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

from server.core import crypto

_PURPOSE: Final = "webhook:source"


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """The secret, and what else a kind needs to know; what it does not need is empty.

    `header`, `algorithm`, `encoding` and `prefix` describe a signature, `header` alone a key, `username` a user.
    """

    secret: str
    header: str = ""
    algorithm: str = "SHA256"
    encoding: str = "HEX"
    prefix: str = ""
    username: str = ""
    id_header: str = ""


def seal(source_id: UUID, settings: SourceSettings) -> bytes:
    """`settings` for the column of the same name."""
    return crypto.ring().seal(_PURPOSE, json.dumps(asdict(settings)).encode(), bound_to=source_id.bytes)


def unseal(source_id: UUID, sealed: bytes) -> SourceSettings:
    """What `seal` was given. Raises crypto.SealBroken."""
    # The driver gives bytea as memoryview.
    return SourceSettings(**json.loads(crypto.ring().open(_PURPOSE, bytes(sealed), bound_to=source_id.bytes)))
