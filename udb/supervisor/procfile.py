"""The Procfile: which processes the product has. Its form is the one that honcho and foreman read."""

import re
from pathlib import Path
from typing import Final

from udb.errors import ToolError

_LINE: Final = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")


def read(path: Path) -> dict[str, str]:
    """Process names to their shell commands, in the file's order. Raises ToolError naming a line that is not one."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ToolError(f"{path} cannot be read ({error.strerror}): the checkout is not whole.") from error
    commands: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None or match[1] in commands:
            raise ToolError(f"{path}, line {number}: write `name: command`, each name once.")
        commands[match[1]] = match[2]
    return commands


def shell(command: str) -> tuple[str, ...]:
    """The argument list that runs `command` with its variables expanded, without a shell staying in between."""
    return ("/bin/sh", "-c", f"exec {command}")
