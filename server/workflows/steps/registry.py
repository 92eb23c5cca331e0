"""All types of steps. A new one is a file beside this one and a line here.

A higher room hands its own types to the engine by adding them to what it passes: `{**registry.TYPES, "script": …}`.
"""

from types import MappingProxyType
from typing import Final

from server.workflows.engine.step_types import StepType, Types
from server.workflows.steps.approval import Approval
from server.workflows.steps.delay import Delay
from server.workflows.steps.emit_event import EmitEvent
from server.workflows.steps.fail import Fail
from server.workflows.steps.foreach import Foreach
from server.workflows.steps.http import Http
from server.workflows.steps.parallel import Parallel
from server.workflows.steps.signal import Signal
from server.workflows.steps.sub_workflow import SubWorkflow
from server.workflows.steps.switch import Switch
from server.workflows.steps.transform import Transform
from server.workflows.steps.wait_event import WaitEvent
from server.workflows.steps.wait_until import WaitUntil
from server.workflows.steps.while_ import While

ALL: Final[tuple[StepType, ...]] = (
    Http(),
    Transform(),
    Switch(),
    Parallel(),
    Foreach(),
    While(),
    Delay(),
    WaitUntil(),
    WaitEvent(),
    Approval(),
    Signal(),
    EmitEvent(),
    SubWorkflow(),
    Fail(),
)
TYPES: Final[Types] = MappingProxyType({type_.name: type_ for type_ in ALL})
