"""`make bench`: measures the product beside its peers and writes RESULTS.md.

make bench                            everything, about forty minutes
make bench ARGS="--quick"             a smoke run of some minutes that leaves RESULTS.md alone
make bench ARGS="--only get,create"   some scenarios
"""

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg2
from rich.console import Console
from rich.markdown import Markdown

from benchmarks import ceiling, machine, report, scenarios
from benchmarks.backlog import backlog
from benchmarks.figures import QUICK, Effort, Figure
from benchmarks.finished import finished
from benchmarks.load import PYTHON, ROOT, LoadFailedError, Outcome, run
from benchmarks.looping import looping
from benchmarks.memory import memory
from benchmarks.paging import paging
from benchmarks.peer import FastApiPeer, PeerError
from benchmarks.product import Product, ProductError
from benchmarks.publishing import publish
from benchmarks.scenarios import Bench
from benchmarks.waiting import waiting
from benchmarks.watching import watch
from benchmarks.webhooks import hanging, webhooks
from benchmarks.workflows import long_workflow, step_latency, workflows
from udb.errors import ToolError

SCENARIOS: dict[str, Callable[[Bench], list[Figure]]] = {
    "get": scenarios.get,
    "create": scenarios.create,
    "latency": scenarios.latency,
    "webhooks": webhooks,
    "hanging": hanging,
    "watchers": watch,
    "publish": publish,
    "memory": memory,
    "workflows": workflows,
    "step_latency": step_latency,
    "long_workflow": long_workflow,
    "looping": looping,
    "waiting": waiting,
    # Last: these fill the product's tables with a million rows, which the peers' do not have.
    "finished": finished,
    "backlog": backlog,
    "paging": paging,
}
PARTIAL = ROOT / "var" / "bench-partial"


def main() -> int:
    """Runs the benchmark.

    Returns:
        The exit status: 0 when all was measured, whether or not every target was met.
    """
    options = _options()
    console = Console(highlight=False, soft_wrap=True)
    effort = QUICK if options.quick else replace(Effort(), rounds=options.rounds, seconds=options.seconds)
    if not PYTHON.exists():
        console.print(f"{PYTHON} is missing: start the benchmark with `make bench`.", style="red", markup=False)
        return 1
    began = time.monotonic()
    try:
        figures, ceilings, postgres = _measure(options.only, effort, console)
    except (LoadFailedError, PeerError, ProductError, ToolError, psycopg2.Error) as error:
        console.print(str(error), style="red", markup=False)
        return 1
    console.print(Markdown(report.table(figures)))
    folder = options.output
    folder.mkdir(parents=True, exist_ok=True)
    path = report.write(
        figures,
        effort=effort,
        ceilings=ceilings,
        machine=machine.describe(),
        versions=machine.versions(postgres=postgres),
        folder=folder,
    )
    console.print(f"{path} written after {time.monotonic() - began:.0f} s.")
    return 0


def _measure(names: list[str], effort: Effort, console: Console) -> tuple[list[Figure], dict[str, Outcome], str]:
    def say(text: str) -> None:
        console.print(text, markup=False)

    machine.raise_file_limit()
    processes = machine.cores()
    figures: list[Figure] = []
    say("The load generator's ceiling")
    with ceiling.direct_envoy() as port:
        ceilings = {name: run(effort.of(load)) for name, load in ceiling.loads(port).items()}
    say("  " + " · ".join(f"{name} {outcome.rate:,.0f}/s" for name, outcome in ceilings.items()))
    say("Starting the product and the FastAPI peer")
    with Product(processes=processes) as product:
        url = product.installation.database_url
        with FastApiPeer(database_url=url, processes=processes) as peer:
            bench = Bench(product, peer, effort, say)
            for name in names:
                say(name.capitalize())
                figures += SCENARIOS[name](bench)
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            postgres: str = cursor.fetchall()[0][0]
    return figures, ceilings, postgres


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="Measures the product beside its peers.")
    parser.add_argument("--quick", action="store_true", help="a short smoke run; its figures mean little")
    parser.add_argument("--only", default=",".join(SCENARIOS), help=f"some of {','.join(SCENARIOS)}")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each side, in turn (default 5)")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of one run (default 8)")
    parser.add_argument(
        "--output", type=Path, help="where RESULTS.md and results/ go (default: here, if all was measured)"
    )
    options = parser.parse_args()
    options.only = [name for name in SCENARIOS if name in options.only.split(",")]
    if not options.only:
        parser.error(f"--only takes {','.join(SCENARIOS)}")
    whole = not options.quick and options.only == list(SCENARIOS)
    options.output = options.output or (report.HERE if whole else PARTIAL)
    return options


if __name__ == "__main__":
    sys.exit(main())
