"""Comparing e-mail addresses."""

from unicodedata import normalize


def key(address: str) -> str:
    """The form of `address` under which it is compared and looked up.

    Two spellings of one address differ at most in case and in how Unicode composes their characters (RFC 6531 leaves
    both to the mailbox; nobody runs two mailboxes that differ only so). Lower case, not case folding: folding would
    make `straße` and `strasse` one, which are two domains. Computed here and not with SQL's lower(), whose result
    depends on the locale of the database. The address itself is kept as it was given.
    """
    return normalize("NFC", normalize("NFC", address).lower())
