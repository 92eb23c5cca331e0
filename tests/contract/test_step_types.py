"""The page of step types is that of the registry, and what it says is sound."""

import jsonschema
import pytest

from server.workflows.steps import registry
from udb.conf import ROOT
from udb.step_types import page


def test_the_page_is_up_to_date():
    assert (ROOT / "docs" / "workflows-steps.md").read_text() == page(), "run make step-types"


@pytest.mark.parametrize("name", registry.TYPES)
def test_every_type_is_told_of(name: str):
    type_ = registry.TYPES[name]
    assert type_.name == name
    assert type_.summary.endswith("."), "a summary is a sentence"
    jsonschema.Draft202012Validator.check_schema(type_.schema)
    jsonschema.Draft202012Validator.check_schema(type_.output_schema)
    for field, schema in type_.schema.get("properties", {}).items():
        assert schema.get("description"), f"say what `{field}` of {name} is"
