"""Writes what was measured: results/latest.json for programs, RESULTS.md and a chart for people."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import chart
from benchmarks.figures import TIMES, UNDER, Effort, Figure, Sample
from benchmarks.load import Outcome

HERE = Path(__file__).parent
REMARKS = "## Remarks"
CHARTS = {
    "throughput.svg": ("Requests per second", ("get_rest", "get_grpc", "create_rest")),
    "workflows.svg": ("Steps of workflows per second", ("steps", "steps_called", "steps_pure")),
    "deliveries.svg": ("Deliveries of webhooks per second", ("deliveries_bare", "deliveries_dramatiq")),
}
"""By file: what is counted, and the keys of the figures."""
DASH = "\N{EN DASH}"
KINDS = ("server", "deliverer", "runner", "envoy", "postgres", "others", "receiver", "generator")
COSTS = """\
Where the time of the processors went, microseconds a request, a delivery, an event or a step. "deliverer" are the
processes that deliver webhooks, Dramatiq's for that peer; "runner" are those that run workflows, DBOS's for that peer;
"others" are the relay, scheduler, workers, streams and Redis; "receiver" is the receiver of webhooks; "generator" is
the load generator, or the bare client."""
INTRODUCTION = """\
Written by `make bench`. All sides run on the same cores, on the same Postgres, under one load generator, in turn:
{rounds} runs of {seconds:g} s each, or of as many deliveries or executions as the notes tell. A cell shows the
median and, in brackets, the least and the most. Ratios are taken round by round. Read ratios, not absolutes: the load
generator, the receiver and the database share the cores with what is measured."""


def write(
    figures: list[Figure],
    *,
    effort: Effort,
    ceilings: dict[str, Outcome],
    machine: dict[str, str],
    versions: dict[str, str],
    folder: Path = HERE,
) -> Path:
    """Writes RESULTS.md, the JSON and the charts into the folder.

    Returns:
        The path of RESULTS.md.
    """
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    everything = {
        "time": moment,
        "machine": machine,
        "versions": versions,
        "effort": asdict(effort),
        "generator_ceiling": {name: asdict(outcome) for name, outcome in ceilings.items()},
        "figures": [figure.as_json() for figure in figures],
    }
    (folder / "results").mkdir(parents=True, exist_ok=True)
    (folder / "results" / "latest.json").write_text(json.dumps(everything, indent=2) + "\n")
    words = f"{machine['cores']} cores of {machine['processor']}; medians of {effort.rounds} runs, least to most"
    for name, (title, keys) in CHARTS.items():
        beside = [figure for figure in figures if figure.key in keys]
        if beside:
            (folder / "results" / name).write_text(chart.draw(beside, title=title, caption=words))
    path = folder / "RESULTS.md"
    path.write_text(_markdown(figures, everything, ceilings, path))
    return path


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = ["| figure | Userdata | beside | ratio | target | met |", "|---|---|---|---|---|---|"]
    for figure in figures:
        beside = f"{figure.other_name}: {_spread(figure.other, figure.unit)}" if figure.other else ""
        ratio = _spread(figure.measured, figure.measured_unit) if figure.measured_unit == TIMES else ""
        target = "" if figure.target is None else f"{figure.bound} {figure.target:,g} {figure.measured_unit}"
        met = {None: "", True: "yes", False: "**no**"}[figure.met]
        rows.append(f"| {figure.title} | {_spread(figure.ours, figure.unit)} | {beside} | {ratio} | {target} | {met} |")
    return "\n".join(rows)


def _markdown(figures: list[Figure], everything: dict[str, Any], ceilings: dict[str, Outcome], path: Path) -> str:
    machine, versions, effort = everything["machine"], everything["versions"], everything["effort"]
    results = path.parent / "results"
    parts = [
        "# Benchmark results",
        INTRODUCTION.format(**effort),
        *(f"![{title}](results/{name})" for name, (title, _) in CHARTS.items() if (results / name).exists()),
        table(figures),
        "## How each was measured",
        "\n".join(f"- {figure.title}: {figure.note}" for figure in figures),
        _latencies(figures),
        _costs(figures),
        "## The load generator",
        "\n".join(_ceiling(name, outcome) for name, outcome in ceilings.items()),
        "## The machine",
        _pairs({"measured": everything["time"], **machine, **_foreign(figures)}),
        "## Versions",
        _pairs(versions),
        _remarks(path),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _latencies(figures: list[Figure]) -> str:
    lines = []
    for figure in figures:
        for side, name in (("ours", "Userdata"), ("peer", figure.other_name)):
            seen = figure.detail.get(side) if figure.bound == UNDER else None
            if seen:
                fifty, ninety_nine = (_spread(Sample(seen[key]), "ms") for key in ("p50_ms", "p99_ms"))
                lines.append(f"- {name} at {seen['rate']:,.0f} requests/s: p50 {fifty}, p99 {ninety_nine}.")
    return "\n".join(["At half load:", "", *lines]) if lines else ""


def _costs(figures: list[Figure]) -> str:
    rows = []
    for figure in figures:
        for side, name in (("ours_costs_us", "Userdata"), ("peer_costs_us", figure.other_name)):
            spent = figure.detail.get(side)
            if spent:
                cells = " | ".join(f"{spent[kind]:,.0f}" if kind in spent else "" for kind in KINDS)
                rows.append(f"| {figure.title} | {name} | {cells} | {sum(spent.values()):,.0f} |")
    head = ["| figure | side | " + " | ".join(KINDS) + " | all |", "|---" * (len(KINDS) + 3) + "|"]
    return "\n".join([COSTS, "", *head, *rows]) if rows else ""


def _ceiling(name: str, outcome: Outcome) -> str:
    return (
        f"- {name}: {outcome.rate:,.0f} requests/s against an Envoy that answers by itself "
        f"({outcome.client_cpu_us:.0f} µs of processor time a request in the generator)."
    )


def _foreign(figures: list[Figure]) -> dict[str, str]:
    """How much else went on: figures from a busy machine mean little."""
    shares = [share for figure in figures for share in figure.detail.get("foreign", [])]
    if not shares:
        return {}
    return {"other programs": f"{median(shares):.0%} of the processors meanwhile, at most {max(shares):.0%}"}


def _pairs(values: dict[str, str]) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in values.items())])


def _remarks(path: Path) -> str:
    """What people wrote at the end of the file stays there."""
    text = path.read_text() if path.exists() else ""
    at = text.find(REMARKS)
    return text[at:].rstrip() if at >= 0 else ""


def _spread(sample: Sample | None, unit: str) -> str:
    if sample is None:
        return ""
    digits = 0 if unit.endswith("/s") else 2 if unit in (TIMES, "ms") else 1
    middle = f"{sample.median:,.{digits}f}"
    if len(sample.values) > 1:
        middle += f" ({sample.least:,.{digits}f}{DASH}{sample.most:,.{digits}f})"
    return middle if unit == "requests/s" else f"{middle} {unit}"
