"""A type of step for tests: an effect that does what its config says."""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from server.workflows.engine.step_types import Context, Effect, Result, StepFailed
from server.workflows.engine.types import Emission, StepError
from server.workflows.steps import registry


class Probe(Effect):
    """Gives `value`; fails with `fail` on the first `times` attempts; waits `seconds` before; emits `emit`."""

    name = "probe"
    summary = "For tests."
    schema: ClassVar[Mapping[str, Any]] = {"type": "object"}

    def __init__(self) -> None:
        self.made: list[tuple[str, int]] = []

    async def run(self, context: Context) -> Result:
        """Make the attempt."""
        config = context.config or {}
        self.made.append((context.path, context.attempt))
        if "log" in config:
            context.log("INFO", config["log"], attempt=context.attempt)
        await asyncio.sleep(config.get("seconds", 0))
        if "fail" in config and context.attempt <= config.get("times", 1000):
            raise StepFailed(StepError(config["fail"], "It failed as it was told."))
        if "crash" in config:
            raise RuntimeError("as it was told")
        if "odd" in config:
            return Result("half \ud800 pair")
        emissions = (Emission(config["emit"], "sub", {"path": context.path}),) if "emit" in config else ()
        return Result(config.get("value"), emissions)


def types(probe: Probe | None = None) -> dict[str, Any]:
    """The product's types and the probe."""
    return {**registry.TYPES, "probe": probe or Probe()}
