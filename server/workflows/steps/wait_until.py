"""`wait_until`: waits for a moment."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from server.workflows.engine.step_types import Pause, Result, Waiting
from server.workflows.steps import reading, schemas


class WaitUntil(Waiting):
    """Goes on at `time`, at once when that is over."""

    name = "wait_until"
    summary = "Waits until a moment, at most a year away."
    schema = schemas.record(("time",), time=schemas.described(schemas.TEXT, "RFC 3339, such as 2026-03-01T09:00:00Z."))

    def begin(self, config: Mapping[str, Any], *, now: datetime) -> Pause:
        """Due at the moment."""
        moment = reading.time(config, "time")
        if moment is None:
            raise reading.failed("CONFIG_INVALID", "Give `time`, such as 2026-03-01T09:00:00Z.", field="time")
        return Pause(moment) if moment > now else Pause(result=Result())

    def resolve(self, _config: Mapping[str, Any], resolution: Any) -> Result:
        """Nothing from outside ends it; who tells it anyway has its word."""
        return Result(resolution)

    def expire(self, _config: Mapping[str, Any]) -> Result:
        """The moment has come."""
        return Result()
