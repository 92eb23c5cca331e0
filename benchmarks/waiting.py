"""What executions cost that wait, and how soon many go on whose time comes at the same moment."""

from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

from benchmarks.costs import metered
from benchmarks.executions import Workflow, workflow
from benchmarks.figures import UNDER, Figure, Sample
from benchmarks.scenarios import Bench

SECONDS = 10.0
"""How long the idle system is looked at."""
SETTLE_SECONDS = 3.0
STARTED_EACH_SECOND = 400
"""Fewer than are started and set to wait, so that all wait before their time comes."""
DELAY: dict[str, Any] = {"steps": [{"id": "rest", "type": "delay", "with": {"duration": "30d"}}]}
APPROVAL: dict[str, Any] = {"steps": [{"id": "ask", "type": "approval", "with": {"title": "Go on?"}}]}
TIMER: dict[str, Any] = {"steps": [{"id": "rest", "type": "wait_until", "with": {"time": "${input.time}"}}]}
FIRED = """
SELECT extract(epoch FROM max(end_time))::float8 FROM workflow_execution
WHERE workflow_id = %s AND state = 'SUCCEEDED' AND create_time >= %s
"""
FORGET = """
DELETE FROM workflow_open_execution WHERE workflow_id = %(workflow)s;
DELETE FROM workflow_wait WHERE execution_id NOT IN (SELECT id FROM workflow_open_execution);
UPDATE workflow_approval SET state = 'CANCELLED' WHERE workflow_id = %(workflow)s
"""


def waiting(bench: Bench) -> list[Figure]:
    """The processor time of an idle system, without and with many executions that wait; then many timers."""
    bench.product.sign_in_again()
    effort = bench.effort
    half = effort.waiting // 2
    with (
        workflow(bench.product, 4, DELAY) as delays,
        workflow(bench.product, 5, APPROVAL) as approvals,
        workflow(bench.product, 6, TIMER) as timers,
    ):
        before = idle(bench)
        for each in (delays, approvals):
            each.start([{}] * half)
            each.waiting(half)
        delays.settle("workflow_open_execution", "workflow_step", "workflow_wait", "workflow_approval")
        bench.say(f"  {2 * half:,} executions wait")
        after = idle(bench)
        figures = [
            Figure(
                key="waiting",
                title=f"Processor time of an idle system with {2 * half:,} executions that wait, above that without",
                unit="% of a core",
                ours=after,
                other=before,
                other_name="without",
                measured=Sample([mine - other for mine, other in zip(after.values, before.values, strict=True)]),
                measured_unit="% of a core",
                bound=UNDER,
                target=1.0,
                note=f"All processes of the installation, over {SECONDS:.0f} s; one half waits for a time, the other "
                "for a decision. The tables are vacuumed before.",
            ),
            at_once(bench, timers),
        ]
        for each in (delays, approvals):
            each.change(FORGET, {"workflow": each.uuid})
    return figures


def idle(bench: Bench) -> Sample:
    """Hundredths of a core that the installation takes while nothing is asked of it."""
    sleep(SETTLE_SECONDS)
    shares = []
    for _ in range(bench.effort.rounds):
        _, spent = metered(bench.product.groups, lambda: sleep(SECONDS))
        shares.append(sum(spent.seconds.values()) / SECONDS * 100)
    bench.say("  idle: " + " · ".join(f"{share:.2f} %" for share in shares))
    return Sample(shares)


def at_once(bench: Bench, timers: Workflow) -> Figure:
    """Executions that all wait for the same moment: how long after it the last one is finished."""
    count, delays = bench.effort.timers, []
    for number in range(bench.effort.rounds):
        began = timers.query("SELECT date_trunc('milliseconds', now())")[0][0]
        due = datetime.now(UTC) + timedelta(seconds=5 + count / STARTED_EACH_SECOND)
        timers.start([{"time": due.isoformat()}] * count)
        timers.waiting(count)
        left = (due - datetime.now(UTC)).total_seconds()
        sleep(max(left, 0.0))
        timers.finished(count)
        last = timers.query(FIRED, (timers.uuid, began))[0][0]
        delays.append(last - due.timestamp())
        bench.say(f"  round {number + 1} of {bench.effort.rounds}: all finished after {delays[-1]:.2f} s")
    return Figure(
        key="timers",
        title=f"{count:,} timers of the same moment, until the last execution is finished",
        unit="s",
        ours=Sample(delays),
        other=None,
        other_name="",
        measured=Sample(delays),
        measured_unit="s",
        bound=UNDER,
        target=10.0,
        note=f"Each execution waits for that moment and ends; {bench.effort.waiting:,} others go on waiting.",
    )
