"""Which passwords are too common to be let in.

Lists of leaked passwords are mostly short: of the 30,000 most frequent ones fewer than 300 have the 12 characters
that are asked for here. What people do when a form wants more is known, though: they take the same word and add digits,
write it twice, swap letters for signs that look alike, or run a finger over the keyboard. So the bundled list holds
45,000 stems (leaked passwords and personal names, see common_passwords.LICENSE), and a password is common when
it is one of these stems under such a change. This refuses tens of millions of passwords of 12 characters and more; it
is no measure of strength, and two common words in a row pass.
"""

import gzip
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Final
from unicodedata import normalize

#: Words that are on no public list and are the first that anybody would try here (NIST SP 800-63B-4 §3.1.1.2).
_OURS: Final = frozenset({"userdata"})
_LEAST_DISTINCT: Final = 5
_LEAST_STEM: Final = 4
#: One break in the finger's run for every so many characters: `1qaz2wsx3edc`, `qwerty123456`.
_WALK: Final = 4
_ROWS: Final = ("1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./")
_LOOKALIKES: Final = (
    str.maketrans("0134578@$!|+", "oleastbasilt"),
    str.maketrans("013456789@$!|+", "oieasgtbgasiit"),
)


def is_common(password: str) -> bool:
    """Whether `password` is one that a guesser tries early."""
    text = normalize("NFKC", password).casefold()
    if len(set(text)) < _LEAST_DISTINCT or _is_walk(text) or _is_grown(text):
        return True
    return any(_is_stem(candidate) for candidate in _candidates(text))


@cache
def stems() -> frozenset[str]:
    """The bundled list; read at first use, some 4 MB in memory."""
    packed = resources.files(__package__).joinpath("common_passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().split()) | _OURS


def _candidates(text: str) -> set[str]:
    """What may be the word inside `text`, digits and signs around it taken off and lookalikes turned to letters."""
    core = text.strip("".join(c for c in set(text) if not c.isalpha()))
    found = {core, *(core.translate(table) for table in _LOOKALIKES), *(text.translate(t) for t in _LOOKALIKES)}
    return found | {"".join(c for c in word if c.isalpha()) for word in found}


def _is_grown(text: str) -> bool:
    """Whether `text` begins with a stem, which may hold digits itself, and goes on with digits and signs only."""
    letters = len(text.rstrip("".join(c for c in set(text) if not c.isalpha())))
    return any(text[:end] in stems() for end in range(max(letters, _LEAST_STEM), len(text) + 1))


def _is_stem(text: str) -> bool:
    unit = _unit(text)
    return unit in stems() or (len(unit) < len(text) and len(unit) <= _LEAST_STEM)


def _unit(text: str) -> str:
    """The shortest part that, written again and again, gives `text`."""
    start = (text + text).find(text, 1)
    return text[:start] if text else text


def _is_walk(text: str) -> bool:
    breaks = sum(not _near(a, b) for a, b in pairwise(text))
    return breaks <= (len(text) - 1) // _WALK


def _near(a: str, b: str) -> bool:
    """Whether `b` follows `a` in the alphabet or in counting, up or down, or stands beside it on the keyboard."""
    if a.isalnum() and b.isalnum() and abs(ord(a) - ord(b)) <= 1:
        return True
    return b in _neighbours().get(a, "")


@cache
def _neighbours() -> dict[str, str]:
    found: dict[str, str] = {}
    for row, keys in enumerate(_ROWS):
        for column, key in enumerate(keys):
            above = _ROWS[row - 1][column : column + 2] if row else ""
            below = _ROWS[row + 1][max(column - 1, 0) : column + 1] if row + 1 < len(_ROWS) else ""
            found[key] = keys[max(column - 1, 0) : column + 2] + above + below
    return found
