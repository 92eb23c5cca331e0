"""The memory of one server process over many requests."""

from dataclasses import replace
from pathlib import Path

from benchmarks.figures import UNDER, Figure, Sample
from benchmarks.load import run
from benchmarks.scenarios import Bench

STEPS = 10
TARGET_MB = 120.0
FLAT = 1.05
"""Growth from the second look to the last that still counts as flat: caches fill, an allocator's arenas settle."""


def resident_mb(pid: int) -> float:
    """Resident memory of a process in megabytes (VmRSS of proc_pid_status(5))."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    message = f"Process {pid} has no resident memory: it has ended."
    raise RuntimeError(message)


def memory(bench: Bench) -> list[Figure]:
    """Resident memory after each tenth of the requests, all at one process."""
    bench.product.sign_in_again()
    pid, address = bench.product.server()
    load = replace(bench.product.get_over_grpc(), addresses=[address], count=bench.effort.memory_step, warm_up=0.0)
    looks = [resident_mb(pid)]
    for _ in range(STEPS):
        run(load)
        looks.append(resident_mb(pid))
    bench.say("  " + " · ".join(f"{look:.1f}" for look in looks) + " MB")
    total = STEPS * bench.effort.memory_step
    detail = {"megabytes": looks, "every": bench.effort.memory_step}
    return [
        Figure(
            key="memory",
            title=f"Memory of one server process after {total:,} requests",
            unit="MB",
            ours=Sample(looks[-1:]),
            other=Sample(looks[:1]),
            other_name="before",
            measured=Sample(looks[-1:]),
            measured_unit="MB",
            bound=UNDER,
            target=TARGET_MB,
            note="Resident memory; all requests went to this one process.",
            detail=detail,
        ),
        Figure(
            key="memory_growth",
            title="Memory at the end over memory after a fifth of them",
            unit="MB",
            ours=Sample(looks[-1:]),
            other=Sample(looks[2:3]),
            other_name="after a fifth",
            measured=Sample([looks[-1] / looks[2]]),
            bound=UNDER,
            target=FLAT,
            note="Flat means less than 5 % more.",
            detail=detail,
        ),
    ]
