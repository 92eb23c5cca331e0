"""`approval`: waits until somebody approves or rejects."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from server.workflows.engine.step_types import Pause, Result, Waiting
from server.workflows.engine.types import Wait
from server.workflows.steps import reading, schemas


class Approval(Waiting):
    """Sets up an approval and waits for its decision. The wait's data are the approval's: what is shown to whom.

    What came is `{state: APPROVED | REJECTED, data, comment, decider}`.
    """

    name = "approval"
    summary = "Waits until somebody approves or rejects."
    schema = schemas.record(
        ("title",),
        title=schemas.described({"type": "string", "minLength": 1, "maxLength": 512}, "What is to be decided."),
        description=schemas.described(schemas.TEXT, "What helps to decide."),
        form=schemas.described(schemas.OBJECT, "JSON Schema of the data that an approval brings."),
        approvers=schemas.described(
            {"type": ["array", "string"], "items": schemas.NAME, "maxItems": 100},
            "Ids of people who may decide. Absent: everybody with the permission.",
        ),
        timeout=schemas.described(schemas.DURATION, "Then it fails with EXPIRED. Absent: a year."),
    )
    output_schema = schemas.record(data=schemas.OBJECT, comment=schemas.TEXT, decider=schemas.NAME)

    def begin(self, config: Mapping[str, Any], *, now: datetime) -> Pause:
        """Waits for the decision."""
        data = {
            "title": reading.text(config, "title"),
            "description": reading.text(config, "description", ""),
            "form": reading.mapping(config, "form"),
            "approvers": list(reading.texts(config, "approvers")),
        }
        return Pause(reading.deadline(config, now), Wait("APPROVAL", data=data))

    def resolve(self, _config: Mapping[str, Any], resolution: Mapping[str, Any]) -> Result:
        """What the approver gave; a rejection fails the step."""
        said = {name: resolution.get(name) for name in ("data", "comment", "decider")}
        if resolution.get("state") != "APPROVED":
            raise reading.failed("REJECTED", "The approval was rejected.", **said)
        return Result(said)

    def expire(self, _config: Mapping[str, Any]) -> Result:
        """Nobody decided."""
        raise reading.failed("EXPIRED", "Nobody decided in time.")
