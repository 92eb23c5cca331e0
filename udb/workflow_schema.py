"""The JSON Schema of workflow definitions as a file, for editors and for whoever writes definitions by program."""

import json

from server.workflows.language import forms
from server.workflows.steps import registry
from udb.conf import ROOT

PATH = ROOT / "docs" / "workflow.schema.json"


def document() -> str:
    """The file."""
    return json.dumps(forms.schema(registry.TYPES), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
