"""What runs in the demo's workspaces: a workflow for each, and executions of it.

None of them reaches outside, so that they do the same on every machine: some end at once, one fails, others wait for a
decision or a day.
"""

from dataclasses import dataclass
from typing import Any, Final

from udb.demo.traffic import Ask


@dataclass(frozen=True)
class Work:
    """A workflow, and the inputs of its executions."""

    name: str
    display_name: str
    description: str
    definition: dict[str, Any]
    inputs: tuple[dict[str, Any], ...]

    def make(self, ask: Ask) -> None:
        """Make the workflow, activate it and start it."""
        fields = {"name": self.name, "display_name": self.display_name, "description": self.description}
        made = ask("WorkflowService/CreateWorkflow", workflow={**fields, "definition": self.definition})
        ask("WorkflowService/ActivateWorkflow", workflow_id=made.id)
        for given in self.inputs:
            ask("ExecutionService/ExecuteWorkflow", workflow_id=made.id, input=given)


#: By the slugs of workspaces.
WORK: Final = {
    "halcyon-observatory": Work(
        name="release-picture",
        display_name="Release a picture",
        description="Asks somebody before a long exposure is shown to the public.",
        definition={
            "triggers": [
                {
                    "id": "taken",
                    "event": {"type": "exposure.taken", "filter": "event.data.seconds > 300.0"},
                    "input": {"picture": "${event.id}", "seconds": "${event.data.seconds}"},
                }
            ],
            "steps": [
                {
                    "id": "ask",
                    "type": "approval",
                    "if": "input.seconds > 60.0",
                    "with": {"title": "Release picture ${input.picture}?", "timeout": "14d"},
                },
                {"id": "release", "type": "transform", "needs": ["ask"], "with": {"output": "${input.picture}"}},
            ],
            "output": {"released": "${steps.release.output}"},
        },
        inputs=(
            {"picture": "M31", "seconds": 1800},
            {"picture": "Moon", "seconds": 1},
            {"picture": "M42", "seconds": 600},
        ),
    ),
    "kumo-robotics": Work(
        name="check-robots",
        display_name="ロボットの点検",
        description="Looks at every robot of a line each morning, and fails when one is out of order.",
        definition={
            "triggers": [
                {
                    "id": "morning",
                    "schedule": {"cron": "0 8 * * 1-5", "time_zone": "Asia/Tokyo"},
                    "input": {"robots": [{"serial": 1, "hours": 120}, {"serial": 2, "hours": 480}]},
                }
            ],
            "steps": [
                {
                    "id": "each",
                    "type": "foreach",
                    "with": {"items": "input.robots", "concurrency": 5},
                    "steps": [
                        {
                            "id": "wear",
                            "type": "transform",
                            "with": {"output": {"serial": "${item.serial}", "share": "${item.hours / 1000.0}"}},
                        },
                        {
                            "id": "stop",
                            "type": "fail",
                            "needs": ["wear"],
                            "if": "steps.wear.output.share > 1.0",
                            "with": {"code": "WORN_OUT", "message": "Robot ${item.serial} is worn out."},
                        },
                    ],
                }
            ],
        },
        inputs=(
            {"robots": [{"serial": 1, "hours": 120.5}, {"serial": 2, "hours": 480.5}]},
            {"robots": [{"serial": 3, "hours": 990.5}, {"serial": 4, "hours": 1220.5}]},
        ),
    ),
    "casa-verde": Work(
        name="welcome-guest",
        display_name="Receber hóspedes",
        description="Waits for a guest to arrive, and asks how it was a day later.",
        definition={
            "steps": [
                {"id": "arrival", "type": "signal", "with": {"name": "arrived", "timeout": "60d"}},
                {"id": "night", "type": "delay", "needs": ["arrival"], "with": {"duration": "1d"}},
                {
                    "id": "question",
                    "type": "transform",
                    "needs": ["night"],
                    "with": {"output": "${input.guest}, how was your first night?"},
                },
            ],
        },
        inputs=({"guest": "Bopha"}, {"guest": "Finn"}),
    ),
}
