"""The throughput figures as an SVG picture: two bars a figure, whiskers from the least run to the most.

By hand, because a plotting library is 40 MB for nine rectangles. Colours follow the reader's light or dark setting.
"""

from html import escape
from typing import Final

from benchmarks.figures import TIMES, Figure, Sample

WIDTH: Final = 760
LEFT, RIGHT, TOP, BOTTOM = 24, 96, 76, 56
BAR, GAP, LABEL, GROUP = 20, 6, 26, 26
"""Heights: of a bar, between the two, of the label over them, between groups."""

STYLE: Final = """
    :root { --back: #ffffff; --edge: #d9dfe8; --text: #172033; --quiet: #5b677a; --ours: #2563eb; --other: #94a3b8; }
    @media (prefers-color-scheme: dark) {
      :root { --back: #0d1526; --edge: #253149; --text: #e8edf6; --quiet: #9aa7bd; --ours: #5b93ff; --other: #64748b; }
    }
    text { font-family: "Noto Sans", system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--text); }
    .title { font-size: 17px; font-weight: 600; }
    .label { font-size: 13px; font-weight: 600; }
    .value { font-size: 12px; font-variant-numeric: tabular-nums; }
    .ratio { font-size: 22px; font-weight: 600; text-anchor: end; }
    .quiet { font-size: 12px; fill: var(--quiet); }
    .back { fill: var(--back); stroke: var(--edge); }
    .ours { fill: var(--ours); }
    .other { fill: var(--other); }
    .whisker { stroke: var(--text); stroke-width: 1.5; opacity: 0.55; fill: none; }
"""


def draw(figures: list[Figure], *, title: str, caption: str) -> str:
    """The picture.

    Args:
        figures: those that stand beside others in something per second.
        title: what is counted.
        caption: the line at the foot: the machine.
    """
    group = LABEL + 2 * BAR + GAP + GROUP
    height = TOP + group * len(figures) - GROUP + BOTTOM
    samples = [sample for figure in figures for sample in (figure.ours, figure.other) if sample]
    others = {figure.other_name for figure in figures}
    # Room for what is written behind the longest bar.
    scale = (WIDTH - LEFT - RIGHT - (70 if len(others) == 1 else 130)) / max(sample.most for sample in samples)
    body = [
        line
        for at, figure in enumerate(figures)
        for line in _group(figure, y=TOP + at * group, scale=scale, named=len(others) > 1)
    ]
    alternative = "; ".join(
        f"{figure.title}: {_number(figure.ours.median)} beside {_number(figure.other.median)}"
        for figure in figures
        if figure.other
    )
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"  <title>{escape(alternative)}</title>",
        f"  <style>{STYLE}  </style>",
        f'  <rect class="back" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="12"/>',
        f'  <text class="title" x="{LEFT}" y="36">{escape(title)}</text>',
        *_legend(others.pop() if len(others) == 1 else "beside", y=36),
        f'  <text class="quiet" x="{LEFT}" y="{height - 20}">{escape(caption)}</text>',
    ]
    return "\n".join([*head, *body, "</svg>", ""])


def _legend(other_name: str, *, y: int) -> list[str]:
    return [
        f'  <rect class="ours" x="{WIDTH - 184}" y="{y - 11}" width="12" height="12" rx="3"/>',
        f'  <text class="quiet" x="{WIDTH - 166}" y="{y}">Userdata</text>',
        f'  <rect class="other" x="{WIDTH - 86}" y="{y - 11}" width="12" height="12" rx="3"/>',
        f'  <text class="quiet" x="{WIDTH - 68}" y="{y}">{escape(other_name)}</text>',
    ]


def _group(figure: Figure, *, y: int, scale: float, named: bool) -> list[str]:
    first = y + LABEL - 8
    middle = first + BAR + GAP // 2
    lines = [f'  <text class="label" x="{LEFT}" y="{y + 8}">{escape(figure.title)}</text>']
    lines += _bar(figure.ours, kind="ours", y=first, scale=scale)
    if figure.other:
        name = figure.other_name if named else ""
        lines += _bar(figure.other, kind="other", y=first + BAR + GAP, scale=scale, name=name)
    ratio = f"{figure.measured.median:.1f} {TIMES}"
    return [*lines, f'  <text class="ratio" x="{WIDTH - LEFT}" y="{middle + 8}">{ratio}</text>']


def _bar(sample: Sample, *, kind: str, y: int, scale: float, name: str = "") -> list[str]:
    width, least, most = (round(value * scale, 1) for value in (sample.median, sample.least, sample.most))
    middle = y + BAR / 2
    value = f"{_number(sample.median)} {escape(name)}".strip()
    ends = f"M{LEFT + least} {middle - 4}v8M{LEFT + least} {middle}H{LEFT + most}M{LEFT + most} {middle - 4}v8"
    return [
        f'  <rect class="{kind}" x="{LEFT}" y="{y}" width="{width}" height="{BAR}" rx="4"/>',
        f'  <path class="whisker" d="{ends}"/>',
        f'  <text class="value" x="{LEFT + max(width, most) + 8}" y="{middle + 4}">{value}</text>',
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}"
