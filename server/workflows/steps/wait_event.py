"""`wait_event`: waits for an event of the workspace."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from server.workflows.engine.step_types import Pause, Result, Waiting
from server.workflows.engine.types import Wait
from server.workflows.steps import reading, schemas


class WaitEvent(Waiting):
    """Goes on with the first event of `type` for which `match` holds, published after the step began."""

    name = "wait_event"
    summary = "Waits for an event that matches."
    schema = schemas.record(
        ("type",),
        type=schemas.described(schemas.NAME, "The type of the event."),
        match=schemas.described(
            {**schemas.CEL, "x-result": "boolean", "x-variables": ["event"]},
            "Over `event` and all that the step sees. Absent: any event of the type.",
        ),
        timeout=schemas.described(schemas.DURATION, "Then it fails with TIMEOUT. Absent: a year."),
    )
    output_schema = schemas.described(schemas.OBJECT, "The event: id, type, subject, data, create_time.")

    def begin(self, config: Mapping[str, Any], *, now: datetime) -> Pause:
        """Waits for the event; the engine adds `match` and the values that it names."""
        return Pause(reading.deadline(config, now), Wait("EVENT", name=reading.text(config, "type")))

    def resolve(self, _config: Mapping[str, Any], resolution: Any) -> Result:
        """The event."""
        return Result(resolution)

    def expire(self, config: Mapping[str, Any]) -> Result:
        """No event came."""
        raise reading.failed("TIMEOUT", f"No event {config.get('type')} that matches came in time.")
