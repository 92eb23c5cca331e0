"""Keeping secrets out of what people read: errors, values beside them, logs."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final

MASK: Final = "***"
_MOST_CHARACTERS: Final = 200
_MOST_ITEMS: Final = 10
_MOST_DEPTH: Final = 3


class Mask:
    """Hides the values of `secrets` wherever they stand."""

    def __init__(self, secrets: Mapping[str, Any]) -> None:
        texts = {text for text in map(str, secrets.values()) if text}
        # Errors quote them as programs do; the longest first, since one may be a part of another.
        quoted = {shown[1:-1] for text in texts for shown in (repr(text), json.dumps(text))}
        self._secrets = sorted(texts | quoted, key=len, reverse=True)

    def text(self, text: str) -> str:
        """`text` without them."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def value(self, value: Any) -> Any:
        """JSON without them."""
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {self.text(str(key)): self.value(item) for key, item in value.items()}
            case list():
                return [self.value(item) for item in value]
        return value

    def shortened(self, value: Any, depth: int = _MOST_DEPTH) -> Any:
        """JSON without them, and short enough to be shown: long texts, lists and objects end in `…`."""
        match value:
            case Mapping() | list() if not depth:
                return "…" if value else value
            case Mapping():
                first = list(value.items())[:_MOST_ITEMS]
                shown = {_cut(self.text(str(key))): self.shortened(item, depth - 1) for key, item in first}
                return shown if len(value) <= _MOST_ITEMS else {**shown, "…": f"{len(value) - _MOST_ITEMS} more"}
            case list():
                items = [self.shortened(item, depth - 1) for item in value[:_MOST_ITEMS]]
                return items if len(value) <= _MOST_ITEMS else [*items, f"… {len(value) - _MOST_ITEMS} more"]
        is_plain = value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))
        return value if is_plain else _cut(self.text(str(value)))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
