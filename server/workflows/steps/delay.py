"""`delay`: waits for a time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from server.workflows.engine.step_types import Pause, Result, Waiting
from server.workflows.steps import reading, schemas


class Delay(Waiting):
    """Goes on after `duration`. No runner is kept meanwhile."""

    name = "delay"
    summary = "Waits for a duration, at most a year."
    schema = schemas.record(
        ("duration",), duration=schemas.described({"type": ["string", "number"]}, "Such as 15m or 7d, or seconds.")
    )

    def begin(self, config: Mapping[str, Any], *, now: datetime) -> Pause:
        """Due after the duration."""
        seconds = reading.seconds(config, "duration")
        if seconds is None:
            raise reading.failed("CONFIG_INVALID", "Give `duration`, such as 15m.", field="duration")
        if not seconds:
            return Pause(result=Result())
        return Pause(reading.later(now, timedelta(seconds=min(seconds, 1e10))))

    def resolve(self, _config: Mapping[str, Any], resolution: Any) -> Result:
        """Nothing from outside ends a delay; who tells it anyway has its word."""
        return Result(resolution)

    def expire(self, _config: Mapping[str, Any]) -> Result:
        """The time is over."""
        return Result()
