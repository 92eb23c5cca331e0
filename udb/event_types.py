"""Every built-in event type on one page, from the catalogue that `make gen` writes."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from server.events import builtin
from udb.conf import ROOT

_HEAD: Final = """\
# Event types

What the product publishes itself. All of them are in the catalogue of every workspace: `GET
/v1/workspaces/{workspaceId}/event-types/{name}` gives the JSON Schema of one. Types of your own stand beside them; see
[events](events.md).

The tables tell what is in `data`. A field that is not set is left out, so no field is sure to be there; new fields may
come at any time. Events about accounts (`session.*`, `user.*`, and `api_key.*` of personal keys) belong to no
workspace: they are in the log of the installation, and reach no endpoint and no reader of a workspace.
"""
_OBJECTS: Final = """\
## Objects

What the fields above hold.
"""


def page() -> str:
    """The page as Markdown."""
    objects: dict[str, Any] = {}
    parts = [_HEAD]
    for word in sorted(builtin.WORDS):
        parts.append(f"## {word}\n")
        for name, known in builtin.TYPES.items():
            if name.partition(".")[0] == word:
                objects |= known.schema.get("$defs", {})
                parts.append(f"### {name}\n\n{known.description}\n\n{_table(known.schema)}")
    parts.append(_OBJECTS)
    parts += [f"### {name}\n\n{_summary(schema)}\n\n{_table(schema)}" for name, schema in sorted(objects.items())]
    return "\n".join(parts)


def _table(schema: Mapping[str, Any]) -> str:
    rows = "".join(f"| {cell} | {kind} | {text} |\n" for cell, kind, text in _rows(schema))
    return f"| field | type | meaning |\n|---|---|---|\n{rows}" if rows else "Its data is empty.\n"


def _rows(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, field in schema.get("properties", {}).items():
        yield f"`{name}`", _kind(field), _summary(field).replace("|", "\\|").replace("\n", " ")


def _summary(schema: Mapping[str, Any]) -> str:
    """The first paragraph of the description."""
    return str(schema.get("description", "")).partition("\n\n")[0]


def _kind(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_kind(field['items'])}"
    if "additionalProperties" in field:
        return f"map of {_kind(field['additionalProperties'])}"
    if field.get("format") == "date-time":
        return "time"
    return str(field.get("type", "any JSON"))


if __name__ == "__main__":
    (ROOT / "docs" / "event-types.md").write_text(page(), encoding="utf-8")
