"""`fail`: ends its branch with an error of the author's own."""

from collections.abc import Mapping
from typing import Any

from server.workflows.engine.step_types import Pure, Result
from server.workflows.steps import reading, schemas


class Fail(Pure):
    """Fails with a code and a message."""

    name = "fail"
    summary = "Fails with a code and a message of your own."
    schema = schemas.described(
        schemas.record(
            ("message",),
            code=schemas.described({"type": "string", "pattern": r"^[A-Z][A-Z0-9_]{0,62}$"}, "FAILED when absent."),
            message=schemas.described(schemas.TEXT, "One sentence for people."),
            details=schemas.described(schemas.OBJECT, "What else the error tells."),
        ),
        "What the error says.",
        **{"x-fails": True},
    )

    def decide(self, config: Mapping[str, Any]) -> Result:
        """Always fails."""
        code = reading.text(config, "code", "FAILED")
        details = reading.mapping(config, "details")
        raise reading.failed(code, reading.text(config, "message", ""), **details)
