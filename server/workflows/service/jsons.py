"""JSON for the database, which cannot hold NUL and half surrogates, whatever a step gave."""

import re
from typing import Any, Final

from server.core import structs

#: An escaped NUL: not one whose backslash is escaped itself.
_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def text(value: Any) -> str:
    """`value` as JSON that the database takes. Raises ValueError for what is no JSON."""
    said = structs.dumps(value)
    if "\\u0000" in said:
        said = _NUL.sub(r"\1", said)
    return said if said.isascii() else said.encode("utf-8", "replace").decode()
