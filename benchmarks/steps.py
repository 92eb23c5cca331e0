"""Types of steps that only the benchmark has: an effect that does nothing, and one that computes."""

from time import perf_counter
from typing import Any, ClassVar

from server.workflows.engine.step_types import Context, Effect, Result

NOOP, PYTHON = "bench_noop", "bench_python"


class Noop(Effect):
    """Reaches outside as far as the engine knows: what comes before is on disk when it begins."""

    name = NOOP
    summary = "Does nothing."
    schema: ClassVar[dict[str, Any]] = {"type": "object", "properties": {"value": {}}, "additionalProperties": False}

    async def run(self, context: Context) -> Result:
        """Gives what it was told."""
        return Result(context.config.get("value"))


class Python(Effect):
    """Computes for a while, as a step of Python does."""

    name = PYTHON
    summary = "Computes for so many seconds."
    schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "required": ["seconds"],
        "properties": {"seconds": {"type": "number"}},
    }

    async def run(self, context: Context) -> Result:
        """Gives how many rounds it made."""
        end, rounds = perf_counter() + context.config["seconds"], 0
        while perf_counter() < end:
            rounds += 1
        return Result(rounds)


TYPES: dict[str, Any] = {NOOP: Noop(), PYTHON: Python()}
