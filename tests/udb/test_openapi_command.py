"""`udb openapi` prints the document that is served."""

import json

import pytest
import yaml
from typer.testing import CliRunner

from udb.conf import ROOT
from udb.main import app


@pytest.mark.parametrize(("arguments", "name"), [([], "openapi.json"), (["--yaml"], "openapi.yaml")])
def test_the_document_is_printed_as_it_is_served(arguments, name):
    done = CliRunner().invoke(app, ["openapi", *arguments])

    assert done.exit_code == 0
    assert done.output == (ROOT / "gen" / "openapi" / name).read_text()


def test_both_forms_say_the_same():
    printed = [CliRunner().invoke(app, ["openapi", *arguments]).output for arguments in ([], ["--yaml"])]

    assert json.loads(printed[0]) == yaml.safe_load(printed[1])
