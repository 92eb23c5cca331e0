"""Idempotency-Key: a repeated call gets the first answer again, in the same transaction that made it.

The key belongs to its principal, or to its address where nobody is signed in. The stored answer is sealed, since it may
hold a secret that is shown only once; the request is kept as a keyed hash, since it may hold a password. Failures are
not stored: they changed nothing.
"""

from datetime import timedelta
from typing import Final

from google.protobuf.message import Message
from peewee import EXCLUDED

from server.core import clock, crypto
from server.core.call import Call
from server.core.contract import Method
from server.core.db import Prepared, Slot
from server.core.errors import AlreadyExists, DomainError, InvalidArgument
from server.core.interceptors.handler import Handler
from server.core.models import IdempotencyKey

#: How long the first answer is kept.
KEEP: Final = timedelta(hours=24)
_MAX_LENGTH: Final = 128
_PURPOSE: Final = "idempotency"

_ROW: Final = IdempotencyKey
_CLAIM: Final = Prepared(
    lambda: (
        _ROW.insert({c: Slot(c.name) for c in (_ROW.principal, _ROW.key, _ROW.fingerprint, _ROW.expire_time)})
        .on_conflict(
            conflict_target=[_ROW.principal, _ROW.key],
            update={
                _ROW.fingerprint: EXCLUDED.fingerprint,
                _ROW.response: None,
                _ROW.expire_time: EXCLUDED.expire_time,
            },
            where=_ROW.expire_time < Slot("now"),
        )
        .returning()
    )
)
_ANSWER: Final = Prepared(
    lambda: _ROW.update({_ROW.response: Slot("response")}).where(
        (_ROW.principal == Slot("principal")) & (_ROW.key == Slot("key"))
    )
)


def idempotency(method: Method, proceed: Handler) -> Handler:
    """Handle a call with an Idempotency-Key once; methods that change nothing need none."""
    if method.reads_only:
        return proceed

    def handle(request: Message, call: Call) -> Message:
        key = call.metadata.get("idempotency-key")
        if key is None:
            return proceed(request, call)
        _require_sound(key)
        principal = call.principal.name if call.principal else f"anonymous {call.address}"
        data = method.full_name.encode() + request.SerializeToString(deterministic=True)
        if not _claim(principal, key, crypto.ring().mac(_PURPOSE, data)):
            return _first_answer(method, principal, key, data)
        try:
            response = proceed(request, call)
        except DomainError as error:
            # What this call changed is committed, the claim with it: without an answer it must not stand.
            if error.keep_changes:
                _release(principal, key)
            raise
        _store(principal, key, response)
        return response

    return handle


def _require_sound(key: str) -> None:
    if not (0 < len(key) <= _MAX_LENGTH and key.isascii() and key.isprintable()):
        raise InvalidArgument(
            f"The idempotency key must be 1 to {_MAX_LENGTH} printable ASCII characters, such as a UUID.",
            reason="IDEMPOTENCY_KEY_INVALID",
        )


def _claim(principal: str, key: str, fingerprint: bytes) -> bool:
    """Take the key. Waits for a call in flight with the same key; False when that one, or an earlier, answered."""
    now = clock.now()
    return bool(_CLAIM.run(principal=principal, key=key, fingerprint=fingerprint, expire_time=now + KEEP, now=now))


def _first_answer(method: Method, principal: str, key: str, data: bytes) -> Message:
    row = IdempotencyKey.get((IdempotencyKey.principal == principal) & (IdempotencyKey.key == key))
    if not crypto.ring().verifies(_PURPOSE, data, bytes(row.fingerprint)):
        raise AlreadyExists(
            "This idempotency key belongs to another request. Use a new one.", reason="IDEMPOTENCY_KEY_REUSED"
        )
    plain = crypto.ring().open(_PURPOSE, bytes(row.response or b""), bound_to=f"{principal}\n{key}".encode())
    return method.response.FromString(plain)


def _release(principal: str, key: str) -> None:
    (
        IdempotencyKey.update(expire_time=clock.now() - KEEP)
        .where((IdempotencyKey.principal == principal) & (IdempotencyKey.key == key))
        .execute()
    )


def _store(principal: str, key: str, response: Message) -> None:
    sealed = crypto.ring().seal(_PURPOSE, response.SerializeToString(), bound_to=f"{principal}\n{key}".encode())
    _ANSWER.defer(principal=principal, key=key, response=sealed)
