"""Passwords: what may be one, how it is hashed, and how a guess is checked at the same price for everybody."""

import threading
from functools import cache
from typing import Final
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.accounts.conf import AccountsSettings
from server.accounts.errors import PasswordContainsEmail, PasswordTooCommon
from server.accounts.service.common_passwords import is_common
from server.core import config

#: Argon2id with the library's defaults: 64 MiB, 3 passes, 4 lanes (RFC 9106, second recommendation).
_HASHER: Final = PasswordHasher()
#: A part before the `@` that is shorter is found in too many passwords by chance.
_LEAST_LOCAL_PART: Final = 3


def check(password: str, *, email: str, field: str) -> None:
    """Raise PasswordTooCommon or PasswordContainsEmail, naming `field`, unless `password` may be used by `email`."""
    local_part = email.partition("@")[0].casefold()
    if len(local_part) >= _LEAST_LOCAL_PART and local_part in password.casefold():
        raise PasswordContainsEmail(field)
    if is_common(password):
        raise PasswordTooCommon(field)


def hashed(password: str) -> str:
    """The Argon2id hash of `password`, with its parameters and salt. Costs 64 MiB and some 100 ms of one processor."""
    with _gate():
        return _HASHER.hash(_prepared(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one that `stored` was made from.

    Where there is none to compare with, a hash of nobody's password is compared, so that the answer takes as long.
    """
    with _gate():
        try:
            _HASHER.verify(stored or _nobodys(), _prepared(password))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether `stored` was made with other parameters than are in use now."""
    return _HASHER.check_needs_rehash(stored)


def _prepared(password: str) -> str:
    # The same characters may come composed from one keyboard and decomposed from another (RFC 8265 §4.2.2).
    return normalize("NFC", password)


@cache
def _gate() -> threading.BoundedSemaphore:
    """Bounds how many hashes are computed at a time, and with it the memory of the process."""
    return threading.BoundedSemaphore(config.read(AccountsSettings).password_hashes_at_once)


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody's password")
