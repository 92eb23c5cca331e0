"""Etags: a fingerprint of a row's revision, so that two people at once do not overwrite each other (AIP-154)."""

from hashlib import blake2b
from uuid import UUID

from server.core.errors import Aborted


def of(row: UUID, revision: int) -> str:
    """The etag of `row` at `revision`, 16 hexadecimal characters."""
    return blake2b(row.bytes + revision.to_bytes(8), digest_size=8).hexdigest()


def require(sent: str, row: UUID, revision: int) -> None:
    """Raise Aborted unless `sent` is empty (the caller does not care) or the present etag, quoted or not."""
    if sent and sent.removeprefix("W/").strip('"') != of(row, revision):
        raise Aborted
