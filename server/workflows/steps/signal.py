"""`signal`: waits until somebody signals the execution by name."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from server.workflows.engine.step_types import Pause, Result, Waiting
from server.workflows.engine.types import Wait
from server.workflows.steps import reading, schemas


class Signal(Waiting):
    """Goes on with the payload of the signal `name`. One that came before is taken, the oldest first."""

    name = "signal"
    summary = "Waits for a signal to this execution."
    schema = schemas.record(
        ("name",),
        name=schemas.described(schemas.NAME, "The signal's name."),
        timeout=schemas.described(schemas.DURATION, "Then it fails with TIMEOUT. Absent: a year."),
    )
    output_schema = schemas.described(schemas.ANY, "The signal's payload.")

    def begin(self, config: Mapping[str, Any], *, now: datetime) -> Pause:
        """Waits for the signal."""
        return Pause(reading.deadline(config, now), Wait("SIGNAL", name=reading.text(config, "name")))

    def resolve(self, _config: Mapping[str, Any], resolution: Any) -> Result:
        """The payload."""
        return Result(resolution)

    def expire(self, config: Mapping[str, Any]) -> Result:
        """Nobody signalled."""
        raise reading.failed("TIMEOUT", f"The signal {config.get('name')} did not come in time.")
