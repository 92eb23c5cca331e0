"""What the guide pages show can be used as it stands: definitions, parts of them, and codes of errors."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.core.outbound.answering import Fault
from server.workflows.language import parsing
from server.workflows.steps import registry
from udb.conf import ROOT

PAGES = sorted((ROOT / "docs").glob("workflows*.md"))
STEP = {"id": "done", "type": "transform", "with": {"output": 1}}
SOURCES = [*(ROOT / "server" / "workflows").rglob("*.py"), *(ROOT / "workers" / "running").glob("*.py")]


def blocks() -> Iterator[Any]:
    """Every block of YAML, as a parameter of a test."""
    for page in PAGES:
        found = re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)
        for number, text in enumerate(found, 1):
            yield pytest.param(text, id=f"{page.stem}-{number}")


def whole(part: Any) -> dict[str, Any]:
    """A definition that has the part in the place where it belongs."""
    if isinstance(part, list):
        return {"triggers": part, "steps": [STEP]}
    if "retry" in part:
        return {"steps": [{**STEP, "type": "http", "with": {"url": "https://example.com"}, **part}]}
    return {"steps": [STEP], **part}


@pytest.mark.parametrize("text", list(blocks()))
def test_a_definition_that_is_shown_is_sound(text: str) -> None:
    parsing.parse(whole(yaml.safe_load(text)), types=registry.TYPES)


def test_every_code_of_an_error_that_is_listed_is_one() -> None:
    page = (ROOT / "docs" / "workflows-errors.md").read_text()
    table = page.partition("## Codes")[2].partition("\n## ")[0]
    listed = {
        code
        for row in table.splitlines()
        for code in re.findall(r"`([A-Z_]+)`", row.partition("|")[2].partition("|")[0])
    }
    used = {code for source in SOURCES for code in re.findall(r'"([A-Z_]{3,})"', Path(source).read_text())}
    assert listed
    assert listed <= used | {fault.value for fault in Fault}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
