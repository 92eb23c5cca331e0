"""Structured logs: one JSON object a line on standard error, with the ids of the call that wrote it.

A value whose name says it is a secret is masked, wherever it turns up, so that a careless line stays harmless.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from server.core import call

_SECRET = re.compile(r"password|token|secret|authorization|cookie|api_key|recovery_code|totp", re.IGNORECASE)


def configure(level: str) -> None:
    """Send structlog's and the standard library's records at `level` and above to standard error as JSON."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_call,
        _masked,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(sort_keys=True),
    ]
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared[:-2], processors=[_only_event, *shared[-2:]])
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.INFO), force=True)


def _with_call(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    current = call.current_or_none()
    if current is not None:
        event.setdefault("request_id", current.request_id)
        if current.trace_parent:
            event.setdefault("trace_id", current.trace_parent.split("-")[1])
    return event


def _masked(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in event:
        if name != "event" and _SECRET.search(name):
            event[name] = "***"
    return event


def _only_event(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(None, "", dict(event))
