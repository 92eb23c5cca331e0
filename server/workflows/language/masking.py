"""Keeping secrets out of what people read: errors, values beside them, logs."""

from collections.abc import Mapping
from typing import Any, Final

MASK: Final = "•••"
_MOST_CHARACTERS: Final = 200
_MOST_ITEMS: Final = 10
_MOST_DEPTH: Final = 3


class Mask:
    """Hides the values of `secrets` wherever they stand."""

    def __init__(self, secrets: Mapping[str, Any]) -> None:
        # The longest first: one may be a part of another.
        self._secrets = sorted({text for text in map(str, secrets.values()) if text}, key=len, reverse=True)

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
            case str():
                text = self.text(value)
                return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
            case Mapping() | list() if not depth:
                return "…" if value else value
            case Mapping():
                first = list(value.items())[:_MOST_ITEMS]
                shown = {self.text(str(key))[:_MOST_CHARACTERS]: self.shortened(item, depth - 1) for key, item in first}
                return shown if len(value) <= _MOST_ITEMS else {**shown, "…": f"{len(value) - _MOST_ITEMS} more"}
            case list():
                shown_items = [self.shortened(item, depth - 1) for item in value[:_MOST_ITEMS]]
                return (
                    shown_items if len(value) <= _MOST_ITEMS else [*shown_items, f"… {len(value) - _MOST_ITEMS} more"]
                )
        return value
