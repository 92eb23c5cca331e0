"""The documentation of the schema: it is current, well-formed, and its relations run around the tables."""

from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from udb import schema
from udb.conf import ROOT
from udb.schema import catalogue
from udb.schema.catalogue import Column, ForeignKey, Table
from udb.schema.layout import Drawing, lay_out
from udb.schema.picture import draw

SVG = "{http://www.w3.org/2000/svg}"


def table(name: str, *targets: str, columns: int = 3) -> Table:
    """A table that refers to `targets`."""
    referring = [Column(f"{target}_id", "uuid", nullable=False, default="") for target in targets]
    others = [Column(f"column_{number}", "text", nullable=True, default="") for number in range(columns)]
    return Table(
        name=name,
        owner="owner",
        partitioned_by="",
        row_security=True,
        forced=True,
        columns=(Column("id", "uuid", nullable=False, default=""), *referring, *others),
        primary_key=("id",),
        foreign_keys=tuple(ForeignKey(f"fk_{t}", (f"{t}_id",), t, ("id",), "") for t in targets),
        checks=(),
        indexes=(),
        policies=(),
        grants={},
    )


#: Relations within a column, to both neighbours, and between the outer columns.
ROOMS = {
    "one": [table("a", "e", columns=30), table("b", "a", "b")],
    "two": [table("c", "a", columns=30), table("d", "c", "e")],
    "three": [table("e", columns=30), table("f", "e", "c", "a")],
    "four": [table("g", "a", "c", "e")],
}


@pytest.mark.parametrize("name", ["schema.md", "schema.svg"])
def test_the_documentation_is_what_the_migrations_give(postgres, name):
    assert (ROOT / "docs" / name).read_text() == schema.render(postgres.url)[name], "run `make schema`"


def test_every_table_and_column_is_in_the_picture(postgres):
    picture = _parsed(schema.render(postgres.url)["schema.svg"])
    cards = {card.get("id"): [text.text for text in card.iter(f"{SVG}text")] for card in picture.iter(f"{SVG}g")}

    for found in catalogue.read(postgres.url):
        assert {column.name for column in found.columns} <= set(cards[found.name])


def test_there_is_a_relation_for_each_foreign_key():
    drawing = lay_out(ROOMS)

    assert len(drawing.relations) == sum(len(card.table.foreign_keys) for card in drawing.cards)
    for card in drawing.cards:
        for key in card.table.foreign_keys:
            target = next(other for other in drawing.cards if other.table.name == key.table)
            assert any(
                relation.points[0][1] == card.row(key.columns[0]) and relation.points[-1][1] == target.row("id")
                for relation in drawing.relations
            )


def test_relations_run_around_the_tables():
    drawing = lay_out(ROOMS)

    assert drawing.relations
    assert _crossings(drawing) == []


def test_cards_do_not_overlap():
    cards = lay_out(ROOMS).cards

    for card in cards:
        for other in cards:
            apart = card.y + card.height <= other.y or other.y + other.height <= card.y
            assert card is other or card.column != other.column or apart


def test_names_are_escaped():
    odd = replace(table("a"), columns=(Column("<&>", "text", nullable=False, default=""),), primary_key=())

    picture = _parsed(draw(lay_out({"room": [odd]})))

    assert "<&>" in [text.text for text in picture.iter(f"{SVG}text")]


def _crossings(drawing: Drawing) -> list[str]:
    """The tables whose inside a relation passes through."""
    return [
        card.table.name
        for relation in drawing.relations
        for (x1, y1), (x2, y2) in pairwise(relation.points)
        for card in drawing.cards
        if min(x1, x2) < card.x + card.width
        and max(x1, x2) > card.x
        and min(y1, y2) < card.y + card.height
        and max(y1, y2) > card.y
    ]


def _parsed(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - we have just written it
