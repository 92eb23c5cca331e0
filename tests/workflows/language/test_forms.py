"""The published JSON Schema of definitions is current, is one, and takes what the parser takes."""

import json

import jsonschema
import pytest
import yaml

from server.workflows.language import forms, parsing
from server.workflows.steps import registry
from udb.conf import ROOT
from udb.workflow_schema import PATH, document

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.yaml"))


def test_the_file_is_up_to_date():
    assert PATH.read_text() == document(), "run make workflow-schema"


def test_it_is_a_json_schema():
    jsonschema.Draft202012Validator.check_schema(json.loads(document()))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_it_takes_every_example_as_the_parser_does(path):
    text = path.read_text()
    assert list(jsonschema.Draft202012Validator(json.loads(document())).iter_errors(yaml.safe_load(text))) == []
    parsing.parse(parsing.from_yaml(text), types=registry.TYPES)


@pytest.mark.parametrize("name", registry.TYPES)
def test_it_knows_every_type_of_step(name: str):
    rules = forms.schema(registry.TYPES)["$defs"]["step"]["allOf"]
    (rule,) = [rule["then"] for rule in rules if rule["if"]["properties"]["type"]["const"] == name]
    kind = registry.TYPES[name]
    assert rule["properties"]["with"]["properties"].keys() == kind.schema["properties"].keys()
    assert ("steps" in rule.get("required", ())) == kind.has_body
    assert ("branches" in rule.get("required", ())) == kind.has_branches
