"""The diagram as SVG, in the colours of the reader's screen, light or dark."""

from collections.abc import Iterator
from html import escape
from math import hypot
from typing import Final

from udb.schema import layout
from udb.schema.catalogue import Column
from udb.schema.layout import Card, Drawing, Panel, Point, Relation

_SANS: Final = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', Roboto, sans-serif"
_MONO: Final = "ui-monospace, SFMono-Regular, Menlo, 'Noto Sans Mono', 'DejaVu Sans Mono', monospace"
_RADIUS: Final = 7
#: About how wide a character of a note is.
_NOTE_CHARACTER: Final = 6.1

#: Colours of rooms in the order of their appearance, for light and for dark.
_ROOMS: Final = (
    ("#64748b", "#94a3b8"),
    ("#2563eb", "#60a5fa"),
    ("#7c3aed", "#a78bfa"),
    ("#c2660a", "#f5a524"),
    ("#0f8a6a", "#34d399"),
    ("#c02670", "#f472b6"),
    ("#0e7f9c", "#38bdf8"),
    ("#6b7d0d", "#a3c635"),
)
#: What is light and what is dark of each class of shapes.
_THEME: Final = (
    (".page", "fill", "#f6f8fb", "#0b1120"),
    (".panel", "fill", "#ffffff", "#111a2e"),
    (".panel", "stroke", "#e2e8f0", "#1f2b45"),
    (".card", "fill", "#ffffff", "#16213a"),
    (".card", "stroke", "#d5dde8", "#2b3a5a"),
    (".title, .name", "fill", "#0f172a", "#f1f5f9"),
    (".column", "fill", "#1e293b", "#dbe4f0"),
    (".type", "fill", "#64748b", "#8fa0ba"),
    (".note", "fill", "#64748b", "#94a3b8"),
    (".rule", "stroke", "#eef2f7", "#1f2c4a"),
    (".key", "fill", "#b7791f", "#fbbf24"),
)
_LAYOUT: Final = f"""\
text {{ font-family: {_SANS}; dominant-baseline: central; }}
.title {{ font-size: 24px; font-weight: 650; letter-spacing: -0.01em; }}
.room {{ font-size: 16px; font-weight: 650; }}
.name {{ font-family: {_MONO}; font-size: 13.5px; font-weight: 650; }}
.column, .type {{ font-family: {_MONO}; font-size: 12px; }}
.primary {{ font-weight: 650; }}
.type {{ text-anchor: end; }}
.note {{ font-size: 12px; }}
.line {{ fill: none; stroke-width: 1.6; }}
.tint {{ fill-opacity: 0.1; }}
.badge {{ font-size: 10.5px; font-weight: 600; text-anchor: end; }}"""

#: Outlines around (0, 0).
_KEY: Final = (
    "M0 -3.4a3.4 3.4 0 1 0 3.2 4.5H6v2h2.2v-2h1.4v-2H3.2A3.4 3.4 0 0 0 0-3.4Z"
    "m0 2.1a1.3 1.3 0 1 1 0 2.6 1.3 1.3 0 0 1 0-2.6Z"
)
_LOCK: Final = (
    "M-3.6-.6h.7v-1.7a2.9 2.9 0 0 1 5.8 0v1.7h.7a.8.8 0 0 1 .8.8v4.2a.8.8 0 0 1-.8.8h-7.2a.8.8 0 0 1-.8-.8V.2"
    "a.8.8 0 0 1 .8-.8Zm2.1 0h3v-1.7a1.5 1.5 0 0 0-3 0Z"
)


def draw(drawing: Drawing) -> str:
    """The diagram as the text of an SVG file. The same drawing always gives the same text."""
    rooms = {panel.room: f"r{number}" for number, panel in enumerate(drawing.panels)}
    size = f"{layout.WIDTH} {_n(drawing.height)}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img" aria-labelledby="name about">',
        '<title id="name">Database schema</title>',
        '<desc id="about">The tables of each room, their columns, and the foreign keys between them.</desc>',
        f"<style>\n{_style(len(rooms))}\n</style>",
        _box("page", 0, 0, layout.WIDTH, drawing.height, radius=16),
        *_head(len(drawing.cards), len(drawing.panels)),
        *(line for panel in drawing.panels for line in _panel(panel, rooms[panel.room])),
        *(line for card in drawing.cards for line in _card(card, rooms, drawing)),
        *_relations(drawing.relations, rooms),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _style(rooms: int) -> str:
    def theme(number: int) -> Iterator[str]:
        for selector, attribute, *colours in _THEME:
            yield f"{selector} {{ {attribute}: {colours[number]}; }}"
        for room in range(rooms):
            colour = _ROOMS[room % len(_ROOMS)][number]
            yield f".r{room} {{ fill: {colour}; }} .line.r{room} {{ fill: none; stroke: {colour}; }}"

    dark = "\n".join(f"  {rule}" for rule in theme(1))
    return "\n".join([_LAYOUT, *theme(0), "@media (prefers-color-scheme: dark) {", dark, "}"])


def _head(tables: int, rooms: int) -> Iterator[str]:
    y, x = layout.MARGIN + 16, layout.MARGIN + 4
    yield _text("title", x, y, "Database schema")
    yield _text("note", x, y + 27, f"{tables} tables in {rooms} rooms")
    signs = (
        (f'<path class="key" transform="translate(-18 0)" d="{_KEY}"/>', "primary key"),
        ('<circle class="r1" cx="-13" r="4"/>', "foreign key, in the colour of the room it leads to"),
        ('<text class="type" x="-5">?</text>', "may be null"),
        (
            f'<path class="type" transform="translate(-13 0)" d="{_LOCK}"/>',
            "closed to other tenants by row-level security",
        ),
    )
    right = float(layout.WIDTH - layout.MARGIN)
    for sign, meaning in reversed(signs):
        right -= _NOTE_CHARACTER * len(meaning)
        yield f'<g transform="translate({_n(right)} {_n(y)})">{sign}<text class="note">{meaning}</text></g>'
        right -= 44


def _panel(panel: Panel, room: str) -> Iterator[str]:
    yield _box("panel", panel.x, panel.y, panel.width, panel.height, radius=14)
    yield _text(f"room {room}", panel.x + 18, panel.y + 27, panel.room.capitalize())


def _card(card: Card, rooms: dict[str, str], drawing: Drawing) -> Iterator[str]:
    x, y, width, room = card.x, card.y, card.width, rooms[card.room]
    head = layout.CARD_HEAD
    yield f'<g id="{card.table.name}">'
    yield _box("card", x, y, width, card.height, radius=9)
    yield (
        f'<path class="tint {room}" d="M{_n(x)} {_n(y + head)}v{9 - head}a9 9 0 0 1 9 -9h{_n(width - 18)}'
        f'a9 9 0 0 1 9 9v{head - 9}Z"/>'
    )
    yield _text("name", x + 14, y + head / 2, card.table.name)
    if card.table.forced:
        yield f'<path class="{room}" transform="translate({_n(x + width - 18)} {_n(y + head / 2)})" d="{_LOCK}"/>'
    if card.table.partitioned_by:
        yield _text(f"badge {room}", x + width - 32, y + head / 2, "partitioned")
    targets = {key.columns[0]: _room_of(key.table, drawing) for key in card.table.foreign_keys}
    for column in card.table.columns:
        yield from _row(card, column, rooms.get(targets.get(column.name, ""), ""))
    yield "</g>"


def _row(card: Card, column: Column, target: str) -> Iterator[str]:
    y = card.row(column.name)
    is_primary = column.name in card.table.primary_key
    if is_primary:
        yield f'<path class="key" transform="translate({_n(card.x + 15)} {_n(y)})" d="{_KEY}"/>'
    if target:
        yield f'<circle class="{target}" cx="{_n(card.x + 37)}" cy="{_n(y)}" r="3.5"/>'
    yield _text("column primary" if is_primary else "column", card.x + 50, y, column.name)
    yield _text("type", card.x + card.width - 14, y, column.type + "?" * column.nullable)


def _room_of(table: str, drawing: Drawing) -> str:
    return next(card.room for card in drawing.cards if card.table.name == table)


def _relations(relations: tuple[Relation, ...], rooms: dict[str, str]) -> Iterator[str]:
    for relation in relations:
        yield f'<path class="line {rooms[relation.room]}" d="{_rounded(relation.points)}"/>'
    ends = {(relation.points[-1], relation.points[-2], rooms[relation.room]): None for relation in relations}
    for (x, y), (before, _), room in ends:
        back = 8 if before > x else -8
        yield f'<path class="{room}" d="M{_n(x)} {_n(y)}l{back} -4.5v9Z"/>'


def _rounded(points: tuple[Point, ...]) -> str:
    """An SVG path through `points` with rounded corners."""
    parts = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        enter, leave = _towards(corner, before), _towards(corner, after)
        parts.append(f"L{_n(enter[0])} {_n(enter[1])}Q{_n(corner[0])} {_n(corner[1])} {_n(leave[0])} {_n(leave[1])}")
    return "".join([*parts, f"L{_n(points[-1][0])} {_n(points[-1][1])}"])


def _towards(start: Point, end: Point) -> Point:
    """The point at the radius of a corner, or half the way, from `start` to `end`."""
    length = hypot(end[0] - start[0], end[1] - start[1])
    part = min(_RADIUS, length / 2) / length
    return start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part


def _box(classes: str, x: float, y: float, width: float, height: float, *, radius: int) -> str:
    size = f'width="{_n(width)}" height="{_n(height)}"'
    return f'<rect class="{classes}" x="{_n(x)}" y="{_n(y)}" {size} rx="{radius}"/>'


def _text(classes: str, x: float, y: float, text: str) -> str:
    return f'<text class="{classes}" x="{_n(x)}" y="{_n(y)}">{escape(text)}</text>'


def _n(number: float) -> str:
    """A coordinate with at most one decimal."""
    return f"{number:.1f}".removesuffix(".0")
