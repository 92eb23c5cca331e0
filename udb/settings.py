"""Every setting of the product on one page, from the classes that read them."""

from collections.abc import Iterator
from typing import Final

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from server import app
from server.core.config import Section
from server.streams.conf import StreamsSettings
from udb.conf import ROOT, Tool
from workers.conf import WorkersSettings

_SECTIONS: Final[tuple[type[Section], ...]] = (Tool, *app.SETTINGS, StreamsSettings, WorkersSettings)
#: Defaults that differ from machine to machine.
_VARYING: Final = {
    "var_dir": "`var`",
    "procfile": "`Procfile`",
    "server_processes": "one a core, at most 4",
    "worker_processes": "one for two cores, at most 4",
    "mail_from": "`Userdata <userdata@localhost>`",
}
_HEAD: Final = """\
# Settings

Settings are environment variables. `udb up` gives the processes what it knows itself (the embedded servers' addresses,
the key ring). All are read once, at start, and checked together: one message lists every fault.
"""


def page() -> str:
    """The page as Markdown."""
    shown: set[str] = set()
    parts = [_HEAD]
    for section in _SECTIONS:
        rows = [row for row in _rows(section) if row[0] not in shown]
        shown |= {row[0] for row in rows}
        if rows:
            parts.append("\n".join([f"## {_title(section)}\n", "| name | default | meaning |", "|---|---|---|"]))
            parts[-1] += "".join(f"\n| `{name}` | {default} | {meaning} |" for name, default, meaning in rows) + "\n"
    return "\n".join(parts)


def _title(section: type[Section]) -> str:
    return (section.__doc__ or section.__name__).splitlines()[0].rstrip(".")


def _rows(section: type[Section]) -> Iterator[tuple[str, str, str]]:
    for name, field in section.model_fields.items():
        yield name.upper(), _VARYING.get(name) or _default(field), (field.description or "").replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    return "" if field.default in (None, "", ()) else f"`{str(field.default).lower()}`"


if __name__ == "__main__":
    (ROOT / "docs" / "settings.md").write_text(page(), encoding="utf-8")
