"""From a letter to words: subject, plain text and HTML, from `templates/<name>.txt` and `.html`.

The values come from people, so the HTML escapes them, none of them spans lines, and marks that turn the direction of
writing around are dropped: a name cannot pose as a paragraph of ours.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from server.core.mail import Letter

#: Every control and separator of lines, and the bidirectional controls of Unicode (UAX #9).
_BREAKS: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_TURNS: Final = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def moment(time: str, time_zone: str) -> str:
    """An RFC 3339 time as people write it in `time_zone`: 3 May 2026 at 14:02 (Europe/Berlin)."""
    return f"{datetime.fromisoformat(time).astimezone(ZoneInfo(time_zone)):%-d %B %Y at %H:%M} ({time_zone})"


_TEMPLATES.filters["moment"] = moment


@dataclass(frozen=True)
class Rendered:
    """What a letter says."""

    subject: str
    text: str
    html: str


def render(letter: Letter, *, house: str, home: str) -> Rendered:
    """The words of a letter from the installation called `house`, whose URL is `home`.

    Raises jinja2's errors for a missing template or value.
    """
    values = {name: one_line(value) for name, value in letter.values.items()} | {"house": house, "home": home}
    plain = _TEMPLATES.get_template(f"{letter.template}.txt")
    subject = one_line(_block(plain, "subject", values))
    html = _TEMPLATES.get_template(f"{letter.template}.html").render(values, subject=subject)
    return Rendered(subject, plain.render(values), html)


def one_line(value: str) -> str:
    """`value` without anything that breaks or turns the line."""
    return _TURNS.sub("", _BREAKS.sub(" ", value)).strip()


def _block(template: Template, name: str, values: dict[str, str]) -> str:
    return "".join(template.blocks[name](template.new_context(values)))
