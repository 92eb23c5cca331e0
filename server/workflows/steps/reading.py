"""Reads what a step's `with` came to: a template may have made anything of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from server.workflows.engine.step_types import StepFailed
from server.workflows.engine.types import StepError
from server.workflows.language import durations


def failed(code: str, message: str, **details: Any) -> StepFailed:
    """A failure that another attempt would not mend."""
    return StepFailed(StepError(code, message, retryable=False, details=details))


def text(config: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """The text in field `name`. Raises StepFailed."""
    value = config.get(name, default)
    if not isinstance(value, str) or not (value or default == ""):
        raise failed("CONFIG_INVALID", f"Let `{name}` be a text; it is {_kind(value)}.", field=name)
    return value


def texts(config: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The list of texts in field `name`; none when it is absent. Raises StepFailed."""
    value = config.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise failed("CONFIG_INVALID", f"Let `{name}` be a list of texts.", field=name)
    return tuple(value)


def mapping(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object in field `name`; an empty one when it is absent. Raises StepFailed."""
    value = config.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise failed("CONFIG_INVALID", f"Let `{name}` be an object; it is {_kind(value)}.", field=name)
    return value


def integer(config: Mapping[str, Any], name: str, default: int, *, most: int) -> int:
    """The whole number from 1 to `most` in field `name`; JSON may write it as 3.0. Raises StepFailed."""
    value = config.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1 or not 1 <= value <= most:
        raise failed("CONFIG_INVALID", f"Let `{name}` be a whole number from 1 to {most:,}.", field=name)
    return int(value)


def seconds(config: Mapping[str, Any], name: str) -> float | None:
    """The duration in field `name` in seconds; None when it is absent. Raises StepFailed."""
    value = config.get(name)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    try:
        return durations.parse(text(config, name))
    except ValueError as error:
        raise failed("CONFIG_INVALID", f"`{name}`: {error}", field=name) from error


def time(config: Mapping[str, Any], name: str) -> datetime | None:
    """The moment in field `name`, RFC 3339; None when it is absent. Raises StepFailed."""
    value = config.get(name)
    if value is None:
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(text(config, name))
        # Without an offset it would be the zone of whichever machine reads it.
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise failed(
            "CONFIG_INVALID", f"Let `{name}` be a time such as 2026-03-01T09:00:00Z; it is {value!r:.100}.", field=name
        ) from error


def _kind(value: Any) -> str:
    names = {type(None): "absent", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "an object" if isinstance(value, Mapping) else "an empty text")


def later(now: datetime, span: timedelta) -> datetime:
    """`now` and `span`, or the last moment there is."""
    try:
        return now + span
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def deadline(config: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the field `timeout` is over; None when it is absent. Raises StepFailed."""
    span = seconds(config, "timeout")
    return None if span is None else later(now, timedelta(seconds=min(span, 1e10)))
