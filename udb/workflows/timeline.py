"""How an execution looks on the terminal: a line for each attempt and wait, with a bar that says when it took place."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.json import JSON
from rich.table import Table
from rich.text import Text

from server.core import clock

_STATE: Final = "EXECUTION_STATE_"
_STATUS: Final = "STEP_STATUS_"
ENDED: Final = ("SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT")
#: By the status of a step or the state of an execution: a mark, and its style.
_MARKS: Final = {
    "SUCCEEDED": ("✓", "green"),
    "FAILED": ("✗", "bold red"),
    "TIMED_OUT": ("✗", "bold red"),
    "SKIPPED": ("–", "dim"),
    "CANCELLED": ("■", "yellow"),
    "WAITING": ("…", "cyan"),
    "PAUSED": ("‖", "yellow"),
}
_BAR: Final = 24
#: The most lines that are shown; a long loop has thousands.
_MOST_LINES: Final = 200


class Timeline:
    """An execution as far as it is known. `order` are the ids of the steps as the definition has them."""

    def __init__(self, title: str, order: Sequence[str] = ()) -> None:
        self._title = title
        self._order = {step_id: at for at, step_id in enumerate(order)}
        self._execution: dict[str, Any] = {}
        self._steps: dict[tuple[str, int, int], dict[str, Any]] = {}

    @property
    def state(self) -> str:
        """The state, such as RUNNING; empty before anything is known."""
        return str(self._execution.get("state", "")).removeprefix(_STATE)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ENDED

    def take(self, message: dict[str, Any]) -> None:
        """Something new: a message of WatchExecution as JSON."""
        self._execution = message.get("execution") or self._execution
        for step in message.get("steps", ()):
            self._steps[step["path"], step.get("generation", 1), step.get("attempt", 1)] = step

    def shown(self) -> RenderableType:
        """All of it, as it is now."""
        parts: list[RenderableType] = [self._head(), self._table()]
        error, output = self._execution.get("error"), self._execution.get("output")
        if error:
            where = f"{error['path']}: " if error.get("path") else ""
            parts.append(Text(f"{error.get('code', '')}  {where}{error.get('message', '')}", "red"))
        if self.state == "SUCCEEDED" and output is not None:
            parts.append(JSON(json.dumps(output, ensure_ascii=False, sort_keys=True)))
        return Group(*parts)

    def _head(self) -> Text:
        mark, style = _MARKS.get(self.state, ("●", "bold"))
        begun, ended = _time(self._execution, "createTime"), _time(self._execution, "endTime")
        seconds = ((ended or clock.now()) - begun).total_seconds() if begun else 0.0
        head = Text.assemble((mark, style), f" {self._title}  ", (self.state or "STARTING", style))
        return head.append(f"  {_span(seconds)}", "dim")

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, show_header=False)
        steps = sorted(self._steps.values(), key=self._place)
        begun = _time(self._execution, "createTime") or clock.now()
        whole = ((_time(self._execution, "endTime") or clock.now()) - begun).total_seconds()
        if len(steps) > _MOST_LINES:
            table.add_row("", Text(f"{len(steps) - _MOST_LINES} earlier ones", "dim"))
        for step in steps[-_MOST_LINES:]:
            table.add_row(*_row(step, begun, whole))
        return table

    def _place(self, step: dict[str, Any]) -> tuple[str, int]:
        """Steps that are decided in one go begin at one moment."""
        name = step["path"].rpartition("/")[2].partition("[")[0].partition(":")[0]
        return str(step.get("startTime", "")), self._order.get(name, 0)


def _row(step: dict[str, Any], begun: datetime, whole: float) -> tuple[Text, ...]:
    status = str(step.get("status", "")).removeprefix(_STATUS)
    mark, style = _MARKS.get(status, ("●", ""))
    start, end = _time(step, "startTime") or begun, _time(step, "endTime") or clock.now()
    attempt = f" ×{step['attempt']}" if step.get("attempt", 1) > 1 else ""
    return (
        Text(mark, style),
        Text(step["path"] + attempt, "bold" if status == "WAITING" else ""),
        Text(step.get("type", ""), "dim"),
        Text(_span((end - start).total_seconds()), "dim", justify="right"),
        _bar((start - begun).total_seconds(), (end - begun).total_seconds(), whole, style),
        _remark(step, status),
    )


def _remark(step: dict[str, Any], status: str) -> Text:
    """What else there is to know of an attempt."""
    error, due = step.get("error"), _time(step, "dueTime")
    if error:
        again = f"; again at {due.astimezone():%H:%M:%S}" if due else ""
        return Text(f"{error.get('code', '')} {error.get('message', '')}{again}", "red")
    if status == "WAITING":
        what = {"approval": "for a decision", "signal": "for a signal", "wait_event": "for an event"}
        until = f" until {due.astimezone():%Y-%m-%d %H:%M:%S}" if due else ""
        return Text(f"waits {what.get(step.get('type', ''), '')}".rstrip() + until, "cyan")
    return Text()


def _bar(start: float, end: float, whole: float, style: str) -> Text:
    first = min(int(start / whole * _BAR), _BAR - 1) if whole > 0 else 0
    last = min(int(end / whole * _BAR), _BAR - 1) if whole > 0 else 0
    return Text.assemble(" " * first, ("━" * max(last - first + 1, 1), style), " " * (_BAR - 1 - last))


def _time(fields: dict[str, Any], name: str) -> datetime | None:
    value = fields.get(name)
    return datetime.fromisoformat(value) if value else None


def _span(seconds: float) -> str:
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
