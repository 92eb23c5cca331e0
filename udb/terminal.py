"""What the operator sees: phases as they pass, sentences about processes, loud log lines, and where everything is."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


class Terminal:
    """Writes to standard output: plain lines where it is no terminal. A terminal that is gone is no error."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self._colours: dict[str, str] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Show that `name` is under way for the time of a block, then how long it took."""
        began = time.monotonic()
        if self.console.is_terminal:
            with self.console.status(f"{name} …"):
                yield
        else:
            yield
        took = f"{time.monotonic() - began:.1f} s"
        self._print(Text.assemble(("✓ ", "green"), f"{name} ", (took, "dim")))

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
            self.console.quiet = True  # the terminal was closed: the stop that follows needs no audience
