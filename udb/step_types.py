"""Every type of step on one page, from the schemas of the registry."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from server.workflows.engine.step_types import Block, Effect, Pure, StepType, Waiting
from server.workflows.steps import registry
from udb.conf import ROOT

_HEAD: Final = """\
# Steps

What a step of a [workflow](workflows.md) can do. `GET /v1/workspaces/{workspaceId}/workflow-step-types` gives the same
with the JSON Schemas, and [workflow.schema.json](workflow.schema.json) is the schema of a whole definition.

## What every step has

| field | meaning |
|---|---|
| `id` | its name in the definition, lower-case letters, digits and `_`: `steps.charge` is what `charge` came to |
| `type` | one of those below |
| `name` | what people read instead of the id |
| `needs` | ids of steps of the same list that must be done before; without any it begins at once |
| `if` | CEL; when it is not true, the step is skipped and those that need it go on |
| `with` | what it is told: JSON with templates, by its type |
| `timeout` | how long an attempt may take, such as `30s` |
| `retry`, `on_error` | what becomes of a failure: [errors](workflows-errors.md) |
| `cache_ttl` | how long its output is taken again for the same `with`, such as `10m` |

A step's output is at most 1 MiB of JSON. Fields that are CEL are expressions as they are; everywhere else in `with`,
`${…}` in a string is replaced by what the expression in it gives.

"""
_KINDS: Final[Mapping[type[StepType], str]] = {
    Pure: " It is decided at once, from what it is told alone.",
    Effect: " It reaches outside: when a runner dies in the middle of it, it is made again.",
    Waiting: " It may wait for a year, and keeps nothing busy meanwhile.",
    Block: "",
}


def page() -> str:
    """The page as Markdown."""
    types = sorted(registry.TYPES.values(), key=lambda type_: type_.name)
    index = "".join(f"| [`{each.name}`](#{each.name}) | {each.summary} |\n" for each in types)
    return _HEAD + f"| type | what it does |\n|---|---|\n{index}\n" + "\n".join(_section(each) for each in types)


def _section(type_: StepType) -> str:
    kind = next(text for base, text in _KINDS.items() if isinstance(type_, base))
    parts = [f"## {type_.name}", f"{type_.summary}{kind}{_inside(type_)}"]
    fields = list(_fields(type_.schema))
    if fields:
        head = "| `with` | type | needed | meaning |\n|---|---|---|---|"
        parts.append("\n".join([head, *(f"| {' | '.join(cells)} |" for cells in fields)]))
    else:
        parts.append("Its `with` is empty.")
    parts.append(_output(type_.output_schema))
    return "\n\n".join(part for part in parts if part) + "\n"


def _inside(type_: StepType) -> str:
    if type_.has_body:
        return " Its steps stand in `steps`."
    return " Its steps stand in `branches`, each with `name`, `steps` and, for a choice, `when`." * type_.has_branches


def _fields(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield f"`{name}`", _kind(field), "yes" if name in required else "", _meaning(field)


def _output(schema: Mapping[str, Any]) -> str:
    """What it gives, in a sentence."""
    if schema.get("properties"):
        names = ", ".join(f"`{name}` ({_kind(field)})" for name, field in schema["properties"].items())
        return f"Its output is an object: {names}."
    described = str(schema.get("description", ""))
    return f"Its output is {described[0].lower()}{described[1:]}" if described else ""


def _kind(field: Mapping[str, Any]) -> str:
    if field.get("format") == "cel":
        return "CEL"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    kinds = field.get("type", "any JSON")
    if isinstance(kinds, str):
        return kinds
    return " or ".join(kinds)


def _meaning(field: Mapping[str, Any]) -> str:
    bounds = [
        f"{word} {field[key]:,}"
        for key, word in (("minimum", "at least"), ("maximum", "at most"), ("maxItems", "at most"))
        if key in field
    ]
    bounds += [f"usually `{str(field['default']).lower()}`"] if "default" in field else []
    said = str(field.get("description", ""))
    rest = f"{', '.join(bounds)}." if bounds else ""
    return " ".join(part for part in (said, rest[:1].upper() + rest[1:]) if part).replace("|", "\\|")


if __name__ == "__main__":
    (ROOT / "docs" / "workflows-steps.md").write_text(page(), encoding="utf-8")
