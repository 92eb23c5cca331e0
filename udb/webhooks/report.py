"""How deliveries look on the terminal."""

import json
from http import HTTPStatus
from typing import Any, Final

from rich.console import Console
from rich.json import JSON
from rich.text import Text

from server.core import clock
from udb.webhooks.receiver import Received

_MOST_CHARACTERS: Final = 4000


class Report:
    """Prints deliveries, one line each and the data below."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def begin(self, *, url: str, event_types: tuple[str, ...], workspace: str) -> None:
        """Say that it goes on from here."""
        what = ", ".join(event_types) or "all events"
        self._console.print(f"Listening to {what} of {workspace} at {url}. Ctrl-C ends it.", soft_wrap=True)

    def show(self, received: Received) -> None:
        """Print a delivery."""
        body = _read(received.body)
        kind = str(body.get("type", "?")) if isinstance(body, dict) else "?"
        signature = ("✓ signed", "green") if received.is_genuine else ("✗ signature does not match", "bold red")
        is_good = received.status < HTTPStatus.MULTIPLE_CHOICES
        self._console.print(
            Text.assemble(
                (f"{clock.now():%H:%M:%S} ", "dim"),
                (kind, "bold cyan"),
                f"  {received.event_id}  ",
                signature,
                "  ",
                (str(received.status), "green" if is_good else "yellow"),
                (f"  {received.seconds * 1000:.0f} ms", "dim"),
            ),
            soft_wrap=True,
        )
        if received.fault:
            self._console.print(Text(received.fault, "yellow"), soft_wrap=True)
        text = received.body.decode(errors="replace")
        if body is None or len(text) > _MOST_CHARACTERS:
            self._console.print(Text(text[:_MOST_CHARACTERS]), soft_wrap=True)
        else:
            self._console.print(JSON(json.dumps(body, ensure_ascii=False)), soft_wrap=True)

    def end(self, count: int) -> None:
        """Say that it is over."""
        what = "delivery" if count == 1 else "deliveries"
        self._console.print(f"{count} {what}. The endpoint is deleted.")


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
