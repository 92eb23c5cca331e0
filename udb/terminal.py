"""What the operator sees: phases as they pass, sentences about processes, loud log lines, and where everything is."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from udb.supervisor.logs import readable

_COLOURS: Final = (
    "cyan",
    "green",
    "magenta",
    "blue",
    "bright_cyan",
    "bright_green",
    "bright_magenta",
    "bright_blue",
)


class _Console(Console):
    """Rich ends the program when its reader goes away; an installation goes on without one."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


class Terminal:
    """Writes to standard output: plain lines where it is no terminal. A terminal that is gone is no error."""

    def __init__(self) -> None:
        self.console = _Console(highlight=False)
        self._colours: dict[str, str] = {}

    @contextmanager
    def phase(self, name: str, *, done: str | None = None) -> Iterator[None]:
        """Show that `name` is under way for the time of a block, then, as `done`, how long it took."""
        began = time.monotonic()
        if self.console.is_terminal:
            with self.console.status(f"{name} …"):
                yield
        else:
            yield
        took = f"{time.monotonic() - began:.1f} s"
        self._print(Text.assemble(("✓ ", "green"), f"{done or name} ", (took, "dim")))

    def announce(self, text: str) -> None:
        """A sentence about the installation."""
        self._print(Text.assemble(("• ", "yellow"), text))

    def show(self, name: str, line: bytes) -> None:
        """A log line of process `name`."""
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        self._print(Text.assemble((f"{name:<10}│ ", colour), readable(line)))

    def banner(self, title: str, rows: Mapping[str, str]) -> None:
        """Where everything is."""
        self._print(Text(f"\n{title}\n", "bold"))
        width = max(map(len, rows))
        for name, value in rows.items():
            self._print(Text.assemble((f"  {name:<{width}}  ", "dim"), value))
        self._print(Text())

    def _print(self, text: Text) -> None:
        try:
            self.console.print(text, soft_wrap=True)
        except OSError:
            self.console.quiet = True  # the terminal was closed: what follows needs no audience
