"""`transform`: makes a value of other values."""

from collections.abc import Mapping
from typing import Any

from server.workflows.engine.step_types import Pure, Result
from server.workflows.steps import schemas


class Transform(Pure):
    """Gives what the template `output` makes."""

    name = "transform"
    summary = "Makes a value of input and outputs."
    schema = schemas.record(("output",), output=schemas.described(schemas.ANY, "The value; `${…}` in it is evaluated."))

    def decide(self, config: Mapping[str, Any]) -> Result:
        """The evaluated template."""
        return Result(config.get("output"))
