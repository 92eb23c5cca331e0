"""Patterns of event types, as those who want events name them."""


def matches(pattern: str, event_type: str) -> bool:
    """Whether `pattern`, a type or `prefix.*`, names the type."""
    return event_type.startswith(pattern[:-1]) if pattern.endswith(".*") else event_type == pattern
