"""Slugs: the ones that are kept, and the one that a name gives."""

import re
import secrets
import unicodedata
from collections.abc import Iterator
from typing import Final

from server.core.errors import FieldViolation
from server.workspaces.errors import SlugReserved

_WORDS: Final = """
about abuse account accounts admin administrator agents api apps assets audit auth billing blog careers cdn console
contact dashboard demo developer developers docs download downloads email enterprise events example favicon features
files flags ftp graphql grpc health healthz help home host hostmaster images imap inbox info installation internal
invitations invite invoices jobs legal live localhost login logout mail me metrics mobile new news noc notifications
null oauth official openapi operator owner pop postmaster preview pricing privacy production readyz register robots
root sandbox sandboxes scim scripts security server service services session sessions settings signin signout signup
smtp ssl staging static statistics status store support sysadmin system team terms test tools undefined user
userdata users webhooks webmaster well-known workflows workspace workspaces www
"""
#: What addresses of the product itself begin with, now or later, and names that would pass for it.
RESERVED: Final = frozenset(_WORDS.split())

_SHORTEST: Final = 3
_LONGEST: Final = 63
_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_SUFFIX: Final = 6
#: A collision of two suffixes is one in 2³⁰; more than one in a row means that something else is wrong.
_ATTEMPTS: Final = 4
_LETTERS: Final = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l"})


def require_free(slug: str, *, field: str) -> None:
    """Raise SlugReserved when the product keeps `slug` for itself."""
    if slug in RESERVED:
        raise SlugReserved(slug=slug, violations=[FieldViolation(field, "is reserved")])


def candidates(name: str) -> Iterator[str]:
    """Slugs for a workspace of this name, the best first: the name's own, then the same with a random end."""
    slug = derived(name)
    if len(slug) >= _SHORTEST and slug not in RESERVED:
        yield slug
    stem = slug[: _LONGEST - _SUFFIX - 1].rstrip("-") or "workspace"
    for _ in range(_ATTEMPTS):
        yield f"{stem}-{''.join(secrets.choice(_ALPHABET) for _ in range(_SUFFIX))}"


def derived(name: str) -> str:
    """The label of RFC 1034 that is nearest to `name`, at most 63 characters; empty when nothing is near."""
    folded = name.casefold().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    label = re.sub(r"[^a-z0-9]+", "-", re.sub(r"['`]", "", plain)).strip("-")
    if label[:1].isdigit():
        label = f"w-{label}"
    return label[:_LONGEST].rstrip("-")
