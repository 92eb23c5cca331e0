"""The page of event types is that of the contract, and what it says can be checked is sound."""

import json

import pytest

from server.events import builtin, schemas
from udb.conf import ROOT
from udb.event_types import page


def test_the_page_is_up_to_date():
    assert (ROOT / "docs" / "event-types.md").read_text() == page(), "run make event-types"


def test_every_type_is_told_of_with_a_sound_schema():
    for name, known in builtin.TYPES.items():
        assert known.name == name
        assert known.description, f"say in the comment of the message of {name} when it is published"
        assert schemas.faults(known.schema, at=name) == []


@pytest.mark.parametrize("known", builtin.TYPES.values(), ids=lambda known: known.name)
def test_every_type_has_an_example_that_is_such_data(known):
    assert known.example or not known.schema["properties"], "give its fields examples in the contract"
    validator = schemas.compiled(json.dumps(known.schema))
    assert validator.takes(known.example), validator.violations(known.example, at="example")
