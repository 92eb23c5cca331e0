"""Opens scopes: that of the whole execution, those inside of blocks, and that for when it fails."""

from server.workflows.engine import graph
from server.workflows.engine.history import ON_FAILURE
from server.workflows.engine.limits import Limits
from server.workflows.engine.state import Failure, Frame, Node, Run, view
from server.workflows.engine.step_types import Block, Child
from server.workflows.engine.types import SKIPPED
from server.workflows.language.definition import Scope

#: In the queue, in place of a step's index: the scope as a whole begins.
WHOLE = -1


def open_root(run: Run) -> None:
    """Open the steps of the execution."""
    scope = run.definition.scope
    run.root = Frame(scope, graph.of(scope), prefix="", values=run.base, counted=True)
    run.queue.append((run.root, WHOLE))


def open_child(run: Run, node: Node, child: Child, block: Block) -> None:
    """Open a child of a block. What it sees of the steps around it is what is done by now: they are its ancestors."""
    outer = node.frame
    frame = Frame(
        child.scope,
        graph.of(child.scope),
        prefix=f"{node.path}{child.key}/",
        values={**outer.values, **child.variables},
        counted=outer.counted and not block.bounded,
    )
    frame.node = node
    frame.child = child
    node.frames.add(frame)
    run.past.entered(node.path, child.key)
    run.queue.append((frame, WHOLE))


def open_rescue(run: Run, root: Frame, scope: Scope, failure: Failure) -> None:
    """Open the steps for when the execution fails. They see every step of it; one that was not made is SKIPPED."""
    absent = view(SKIPPED)
    steps = {step.id: root.steps.get(step.id, absent) for step in root.graph.steps}
    error = {"step": failure.path, "code": failure.error.code, "message": failure.error.message}
    values = {**run.base, "steps": steps, "error": error}
    run.root = Frame(scope, graph.of(scope), prefix=ON_FAILURE, values=values, counted=True)
    # What undoes has a share of its own: it may be needed just because the other one is used up.
    run.limits = Limits()
    run.queue.append((run.root, WHOLE))
