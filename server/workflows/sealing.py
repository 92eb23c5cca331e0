"""How the values of secrets are sealed: each for its workspace and name; one copied to another row does not open."""

from typing import Final
from uuid import UUID

from server.core import crypto

_PURPOSE: Final = "workflow:secret"


def seal(workspace_id: UUID, name: str, value: str) -> bytes:
    """`value` for `workflow_secret.value`."""
    return crypto.ring().seal(_PURPOSE, value.encode(), bound_to=_bound_to(workspace_id, name))


def unseal(workspace_id: UUID, name: str, sealed: bytes) -> str:
    """What `seal` was given. Raises crypto.SealBroken."""
    # The driver gives bytea as memoryview.
    return crypto.ring().open(_PURPOSE, bytes(sealed), bound_to=_bound_to(workspace_id, name)).decode()


def _bound_to(workspace_id: UUID, name: str) -> bytes:
    return workspace_id.bytes + name.encode()
