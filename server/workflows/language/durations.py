"""Durations as definitions write them: `500ms`, `30s`, `15m`, `2h`, `7d`, `1h30m`."""

import re
from typing import Final

#: What a JSON Schema says of them.
PATTERN: Final = r"^(?=.)([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}(\.[0-9]{1,3})?s)?([0-9]{1,9}ms)?$"
_UNITS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_WHOLE: Final = re.compile(r"([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}(?:\.[0-9]{1,3})?s)?([0-9]{1,9}ms)?")
_PART: Final = re.compile(r"([0-9.]+)(ms|[dhms])")


def parse(text: str) -> float:
    """Seconds. Units stand in the order d, h, m, s, ms, each at most once. Raises ValueError with a sentence."""
    if not text or _WHOLE.fullmatch(text) is None:
        raise ValueError("Write a duration such as 500ms, 30s, 15m, 2h, 7d or 1h30m.")
    # Whole milliseconds first: tenths of a second have no exact sum.
    return sum(round(float(number) * _UNITS[unit] * 1000) for number, unit in _PART.findall(text)) / 1000
