"""Access tokens: JWTs that say who signed in, how and when, signed with EdDSA (RFC 7519, RFC 8037)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import jwt

from server.accounts.conf import AccountsSettings
from server.accounts.errors import TokenExpired, TokenInvalid
from server.accounts.models import Session
from server.accounts.service import signing
from server.core import clock, config, ids
from server.core.errors import InvalidArgument

LIFETIME: Final = timedelta(minutes=15)
_ALGORITHM: Final = "EdDSA"
_CLAIMS: Final = ["sub", "sid", "iat", "exp", "aud", "iss", "amr", "auth_time"]
#: Time is checked below, by the clock that tests can move.
_CHECKS: Final[Any] = {"require": _CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that holds says of itself."""

    user_id: UUID
    session_id: UUID
    expire_time: datetime


def issue(session: Session) -> tuple[str, datetime]:
    """A token for `session`, and when it expires: in 15 minutes, or with the session."""
    key = signing.signer()
    settings = config.read(AccountsSettings)
    now = clock.now().replace(microsecond=0)
    expire_time = min(now + LIFETIME, session.expire_time.replace(microsecond=0))
    claims = {
        "sub": ids.encode("usr", session.user),
        "sid": ids.encode("ses", session.id),
        "iat": int(now.timestamp()),
        "exp": int(expire_time.timestamp()),
        "aud": settings.access_token_audience,
        "iss": config.read(config.Core).public_url,
        "amr": session.amr,
        "auth_time": int(session.auth_time.timestamp()),
    }
    return jwt.encode(claims, key.private_key, _ALGORITHM, headers={"kid": key.kid}), expire_time


def read(token: str) -> Claims:
    """What `token` says. Raises TokenInvalid, or TokenExpired when nothing but the time is wrong."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = signing.public_key(kid) if isinstance(kid, str) else None
        if key is None:
            raise TokenInvalid
        claims = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=config.read(AccountsSettings).access_token_audience,
            issuer=config.read(config.Core).public_url,
            options=_CHECKS,
        )
        expire_time = datetime.fromtimestamp(claims["exp"], UTC)
        found = Claims(ids.decode("usr", claims["sub"]), ids.decode("ses", claims["sid"]), expire_time)
    except (jwt.InvalidTokenError, InvalidArgument) as error:
        raise TokenInvalid from error
    if expire_time <= clock.now():
        raise TokenExpired
    return found
