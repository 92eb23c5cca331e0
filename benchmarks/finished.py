"""Whether a million finished executions slow down those that come."""

from functools import partial

from benchmarks.executions import Workflow, sequence, workflow
from benchmarks.figures import UNDER, Figure, costs, interleave, rates
from benchmarks.scenarios import Bench
from benchmarks.steps import NOOP
from benchmarks.workflows import STEPS, UNIT, WARM_UP

# As a runner leaves them, spread over a month: a million through the API would take long and leave the same rows.
FILL = """
WITH made AS MATERIALIZED (
    SELECT uuidv7(-(random() * interval '29 days')) AS id FROM generate_series(1, %(count)s)
),
ended AS (
    INSERT INTO workflow_execution (id, create_time, workspace_id, workflow_id, version, state, priority, trigger,
        cause, input, labels, depth, generation, actor, trace_parent, start_time, end_time, output, cancel_reason,
        revision)
    SELECT id, uuid_extract_timestamp(id), %(workspace)s, %(workflow)s, 1, 'SUCCEEDED', 3, 'MANUAL',
        '{"kind": "MANUAL"}', '{}', '{}', 0, 1, '', '', uuid_extract_timestamp(id),
        uuid_extract_timestamp(id) + interval '50 ms', '{}', '', 1
    FROM made
)
INSERT INTO workflow_step (execution_id, execution_time, path, generation, attempt, workspace_id, type, status, output,
    start_time, end_time)
SELECT id, uuid_extract_timestamp(id), 's' || number, 1, 1, %(workspace)s, 'noop', 'SUCCEEDED', '{}',
    uuid_extract_timestamp(id), uuid_extract_timestamp(id) + interval '10 ms'
FROM made CROSS JOIN generate_series(0, %(steps)s - 1) AS number
"""
PART = 50_000
"""Made by one statement."""
DAYS = """
SELECT prepare_days(parent, CURRENT_DATE - 30, CURRENT_DATE + 7)
FROM unnest(ARRAY['workflow_execution', 'workflow_step']) AS parent
"""


def finished(bench: Bench) -> list[Figure]:
    """Start and run executions in an empty database, then in a full one."""
    bench.product.sign_in_again()
    effort = bench.effort
    with workflow(bench.product, 7, sequence(NOOP, STEPS)) as each:
        each.batches(WARM_UP, STEPS)
        sides = [partial(each.batches, effort.executions, STEPS), partial(each.calls, effort.executions, STEPS)]
        few = interleave(sides, effort.rounds, bench.say)
        fill(each, effort.finished)
        bench.say(f"  {effort.finished:,} executions are finished")
        many = interleave(sides, effort.rounds, bench.say)
    told = (
        ("finished", "Steps while {count:,} executions are finished, beside hardly any"),
        ("finished_called", "Executions started one by one while {count:,} are finished, beside hardly any"),
    )
    return [
        Figure(
            key=key,
            title=title.format(count=effort.finished),
            unit=UNIT,
            ours=rates(full),
            other=rates(empty),
            other_name="hardly any",
            measured=rates(empty).over(rates(full)),
            bound=UNDER,
            target=1.3,
            note=f"{effort.executions:,} executions of {STEPS} steps a run; the finished ones have {STEPS} records "
            "each, lie in the partitions of a month and are vacuumed before. The ratio is hardly any over full.",
            detail={
                "ours_costs_us": costs(full),
                "few_costs_us": costs(empty),
                "foreign": [run.foreign for run in (*full, *empty)],
            },
        )
        for (key, title), empty, full in zip(told, few, many, strict=True)
    ]


def fill(each: Workflow, count: int) -> None:
    """Makes so many finished executions of the workflow."""
    each.query(DAYS)
    values = {"workspace": each.workspace_uuid, "workflow": each.uuid, "steps": STEPS}
    for at in range(0, count, PART):
        each.change(FILL, values | {"count": min(PART, count - at)})
    each.settle("workflow_execution", "workflow_step")
