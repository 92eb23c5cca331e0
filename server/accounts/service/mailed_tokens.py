"""The tokens in mailed links: one kind verifies an e-mail, one sets a new password (server.core.tokens)."""

from enum import Enum
from typing import NamedTuple
from uuid import UUID

from server.core import tokens


class Kind(Enum):
    """What a token opens, and how it begins, so that a leaked one is recognised."""

    VERIFICATION = "uvt_"
    RESET = "upr_"


class Named(NamedTuple):
    """What a token says."""

    user_id: UUID
    version: int


def mint(kind: Kind, user_id: UUID, version: int) -> str:
    """The token of that version for the user's mailbox."""
    return kind.value + tokens.mint(kind.name, user_id, version=version)


def read(kind: Kind, text: str) -> Named | None:
    """What `text` says; None when it is no token of this kind."""
    if not text.startswith(kind.value):
        return None
    token = tokens.read(kind.name, text.removeprefix(kind.value))
    return Named(token.ids[0], token.version) if token and len(token.ids) == 1 else None
