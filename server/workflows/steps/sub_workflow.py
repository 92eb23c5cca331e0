"""`sub_workflow`: starts another workflow, and waits for it or not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from server.core import ids
from server.workflows.engine.step_types import Pause, Result, Waiting
from server.workflows.engine.types import Wait
from server.workflows.steps import reading, schemas

_MAX_VERSION: Final = 2**31 - 1


class SubWorkflow(Waiting):
    """Starts a child in the transaction that records the step.

    The wait's data are `{execution_id: TypeID, workflow, version, input, wait}`. What comes is `{state, output, error}`
    of the child.
    """

    name = "sub_workflow"
    summary = "Starts another workflow of the workspace."
    schema = schemas.record(
        ("workflow",),
        workflow=schemas.described(schemas.NAME, "Its name."),
        version=schemas.described({"type": "integer", "minimum": 1}, "Absent: the latest one."),
        input=schemas.described(schemas.ANY, "Its input."),
        wait=schemas.described({"type": "boolean", "default": True}, "Whether to wait for its end."),
        timeout=schemas.described(schemas.DURATION, "Then it fails with TIMEOUT, and the child is cancelled."),
    )
    output_schema = schemas.record(execution_id=schemas.NAME, output=schemas.ANY)

    def begin(self, config: Mapping[str, Any], *, now: datetime) -> Pause:
        """Starts it."""
        child = ids.encode("exe", ids.new_at(now))
        waits = config.get("wait", True) is not False
        data = {
            "execution_id": child,
            "workflow": reading.text(config, "workflow"),
            "version": reading.integer(config, "version", 0, most=_MAX_VERSION) or None,
            "input": config.get("input", {}),
            "wait": waits,
        }
        wait = Wait("EXECUTION", name=child, data=data)
        if not waits:
            return Pause(wait=wait, result=Result({"execution_id": child}))
        return Pause(reading.deadline(config, now), wait)

    def resolve(self, _config: Mapping[str, Any], resolution: Mapping[str, Any]) -> Result:
        """The child's output; an unsuccessful child fails the step."""
        child = resolution.get("execution_id")
        state = resolution.get("state")
        if state != "SUCCEEDED":
            error = resolution.get("error")
            raise reading.failed(
                "CHILD_FAILED", f"The execution {child} ended {state}.", execution_id=child, state=state, error=error
            )
        return Result({"execution_id": child, "output": resolution.get("output")})

    def expire(self, config: Mapping[str, Any]) -> Result:
        """The child takes too long."""
        raise reading.failed("TIMEOUT", f"The workflow {config.get('workflow')} did not end in time.")
