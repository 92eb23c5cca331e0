"""Where everything stands in the diagram: rooms in columns, tables as cards in them, relations along the gaps.

Relations to one table share one line in each gap, so that they read as one bus into it. Lengths are in pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from udb.schema.catalogue import ForeignKey, Table

WIDTH: Final = 1400
COLUMNS: Final = 3
MARGIN: Final = 32
TOP: Final = 104
GAP: Final = 60
PADDING: Final = 34
PANEL_HEAD: Final = 52
PANEL_GAP: Final = 40
CARD_HEAD: Final = 36
CARD_GAP: Final = 24
ROW: Final = 21
_CARD_FOOT: Final = 8
_CARD_SIDE: Final = 16
_TRACK: Final = 8
_TRACKS: Final = 4
#: Above the panels, for relations between columns that are no neighbours.
_CORRIDOR: Final = TOP - 16

Point = tuple[float, float]


@dataclass(frozen=True)
class Card:
    """A table at its place in column number `column`."""

    table: Table
    room: str
    column: int
    x: float
    y: float
    width: float

    @property
    def height(self) -> float:
        """Header and rows."""
        return height_of(self.table)

    def row(self, name: str) -> float:
        """The middle of the row of column `name`."""
        place = [column.name for column in self.table.columns].index(name)
        return self.y + CARD_HEAD + 4 + ROW * (place + 0.5)


@dataclass(frozen=True)
class Panel:
    """A room around its cards."""

    room: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Relation:
    """The way of a foreign key, from the row that refers to the row referred to, which belongs to `room`."""

    room: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Drawing:
    """The whole diagram."""

    height: float
    panels: tuple[Panel, ...]
    cards: tuple[Card, ...]
    relations: tuple[Relation, ...]


def height_of(table: Table) -> float:
    """The height of a table's card."""
    return CARD_HEAD + 4 + ROW * len(table.columns) + _CARD_FOOT


def lay_out(rooms: Mapping[str, Sequence[Table]]) -> Drawing:
    """Place the tables of each room: a room goes into the column that is the shortest when its turn comes."""
    width = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS
    ends = [float(TOP)] * COLUMNS
    panels, cards = [], []
    for room, tables in rooms.items():
        column = ends.index(min(ends))
        x, top = MARGIN + column * (width + GAP), ends[column]
        y = top + PANEL_HEAD
        for table in tables:
            cards.append(Card(table, room, column, x + _CARD_SIDE, y, width - _CARD_SIDE - PADDING))
            y += height_of(table) + CARD_GAP
        panels.append(Panel(room, x, top, width, y - CARD_GAP + _CARD_SIDE - top))
        ends[column] = panels[-1].y + panels[-1].height + PANEL_GAP
    return Drawing(max(ends) - PANEL_GAP + MARGIN, tuple(panels), tuple(cards), tuple(_relations(cards)))


def _relations(cards: Sequence[Card]) -> list[Relation]:
    by_name = {card.table.name: card for card in cards}
    pairs = [(card, key) for card in cards for key in card.table.foreign_keys]
    targets = [card for card in cards if any(key.table == card.table.name for _, key in pairs)]
    relations = []
    for card, key in pairs:
        target = by_name[key.table]
        # Two targets may share a gap, or the side of a column, so each has its own track there.
        rivals = targets if card.column != target.column else [each for each in targets if each.column == card.column]
        shift = _TRACK * (rivals.index(target) % _TRACKS)
        relations.append(Relation(target.room, _way(card, key, target, shift)))
    return relations


def _way(source: Card, key: ForeignKey, target: Card, shift: float) -> tuple[Point, ...]:
    start, end = source.row(key.columns[0]), target.row(key.targets[0])
    if source.column == target.column:
        x = source.x + source.width + PADDING / 2 + shift
        return _straightened((source.x + source.width, start), (x, start), (x, end), (target.x + target.width, end))
    leftwards = target.column < source.column
    side = 1 if leftwards else -1
    leave = source.x if leftwards else source.x + source.width
    arrive = target.x + target.width if leftwards else target.x
    # The gap on the right of a column is wider by its padding than the one on its left.
    near = leave - side * (GAP / 2 + (_CARD_SIDE if leftwards else PADDING)) + shift
    far = arrive + side * (GAP / 2 + (PADDING if leftwards else _CARD_SIDE)) + shift
    if abs(source.column - target.column) == 1:
        return _straightened((leave, start), (near, start), (near, end), (arrive, end))
    over = _CORRIDOR - shift
    return _straightened((leave, start), (near, start), (near, over), (far, over), (far, end), (arrive, end))


def _straightened(*points: Point) -> tuple[Point, ...]:
    """`points` without those that repeat the one before."""
    return (points[0], *(point for before, point in pairwise(points) if point != before))
