"""The form of a definition as a JSON Schema (draft 2020-12), published as docs/workflow.schema.json.

What it refuses is told in sentences; what it cannot say is in `checking`.
"""

from collections.abc import Mapping
from typing import Any, Final

from server.core.cel import MAX_TEXT
from server.workflows.language import durations
from server.workflows.language.building import TRIGGERS, StepKind, is_expression

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
MAX_STEPS: Final = 500
MAX_NESTING: Final = 8
NAME: Final = r"^[a-z][a-z0-9_]{0,62}$"
#: A string that holds an expression: in a template it may stand where a value of any type is wanted.
TEMPLATED: Final = r"\$\{"
_ERROR_CODE: Final = r"^[A-Z][A-Z0-9_]{0,62}$"

Schema = dict[str, Any]

_TEMPLATE: Final[Schema] = {"$ref": "#/$defs/template"}
_CEL: Final[Schema] = {"$ref": "#/$defs/expression"}
_DURATION: Final[Schema] = {"$ref": "#/$defs/duration"}
_SCOPE: Final[Schema] = {"$ref": "#/$defs/steps"}
_NAME: Final[Schema] = {"$ref": "#/$defs/name"}


def schema(types: Mapping[str, StepKind]) -> Schema:
    """The schema of definitions whose steps are of these types."""
    return {
        "$schema": DRAFT,
        "title": "Workflow",
        "description": "The definition of a workflow: what starts it and its steps.",
        **_record(
            ("steps",),
            input_schema=_said("JSON Schema of the input; expressions are checked against it.", type="object"),
            triggers=_said("What starts it.", type="array", maxItems=50, items={"$ref": "#/$defs/trigger"}),
            steps=_SCOPE,
            output=_said("The output; without it, that of each step by its id.", **_TEMPLATE),
            on_failure=_said("Steps that run when it fails; they see `error`.", **_SCOPE),
            timeout=_said("How long an execution may take; without it, a year.", **_DURATION),
            concurrency={"$ref": "#/$defs/concurrency"},
            rate_limit={"$ref": "#/$defs/rate_limit"},
            priority=_said("1 is first among those of the workspace.", type="integer", minimum=1, maximum=5, default=3),
            retention=_said("How long a finished execution is kept.", **_DURATION),
            idempotency_key=_said("Of executions with the same key only the first is started.", **_TEMPLATE),
        ),
        "$defs": {**_PARTS, "step": _step(types)},
    }


def templated(part: Any) -> Any:
    """The schema of a template whose value `part` describes: a string with `${…}` may stand for any value in it."""
    if not isinstance(part, Mapping):
        return part
    inner = {keyword: _templated_under(keyword, value) for keyword, value in part.items()}
    if not inner.keys() - {"description", "title", "default", "examples"}:
        return inner
    told = {keyword: inner.pop(keyword) for keyword in ("description", "title", "default") if keyword in inner}
    return {**told, "if": {"type": "string", "pattern": TEMPLATED}, "else": inner}


def _templated_under(keyword: str, value: Any) -> Any:
    if keyword == "properties" and isinstance(value, Mapping):
        # An expression is no template.
        return {name: part if is_expression(part) else templated(part) for name, part in value.items()}
    if keyword in {"items", "additionalProperties"}:
        return templated(value)
    if keyword in {"allOf", "anyOf", "oneOf", "prefixItems"} and isinstance(value, list):
        return [templated(part) for part in value]
    return value


def _step(types: Mapping[str, StepKind]) -> Schema:
    step = _record(
        ("id", "type"),
        id=_said("By which others name it; unique in the definition.", **_NAME),
        type=_said("What it does.", enum=sorted(types)),
        name=_said("A title for people.", type="string", maxLength=256),
        needs=_said("Steps of the same scope that are done before it begins.", type="array", items=_NAME, maxItems=100),
        **{"if": _said("When it gives false, the step is skipped.", **_CEL)},
        **{"with": _said("What its type needs; a template.", type="object")},
        retry={"$ref": "#/$defs/retry"},
        timeout=_said("How long one attempt may take.", **_DURATION),
        on_error={"$ref": "#/$defs/on_error"},
        cache_ttl=_said("How long its output serves for the same `with`.", **_DURATION),
        steps=_SCOPE,
        branches=_said("Lists of steps.", type="array", minItems=1, maxItems=100, items={"$ref": "#/$defs/branch"}),
    )
    return {**step, "allOf": [_of_type(name, kind) for name, kind in sorted(types.items())]}


def _of_type(name: str, kind: StepKind) -> Schema:
    config = {**kind.schema, "properties": _templated_under("properties", kind.schema.get("properties", {}))}
    required = [
        *(["with"] if config.get("required") else []),
        *(["steps"] if kind.has_body else []),
        *(["branches"] if kind.has_branches else []),
    ]
    properties: Schema = {"with": config}
    if not kind.has_body:
        properties["steps"] = False
    if not kind.has_branches:
        properties["branches"] = False
    then: Schema = {"properties": properties}
    if required:
        then["required"] = required
    return {"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": then}


def _record(required: tuple[str, ...] = (), /, **properties: Any) -> Schema:
    record: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**record, "required": list(required)} if required else record


def _said(description: str, **part: Any) -> Schema:
    return {"description": description, **part}


_WORKFLOW_STATES: Final = ["SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT"]
_PARTS: Final[Schema] = {
    "name": {"type": "string", "pattern": NAME},
    "expression": {"description": "CEL.", "type": "string", "minLength": 1, "maxLength": MAX_TEXT},
    "template": {"description": "JSON in whose strings `${cel}` is evaluated; alone it keeps its type."},
    "duration": {
        "description": "Such as 500ms, 30s, 15m, 2h, 7d or 1h30m.",
        "type": "string",
        "maxLength": 64,
        "pattern": durations.PATTERN,
    },
    "steps": {"type": "array", "minItems": 1, "maxItems": MAX_STEPS, "items": {"$ref": "#/$defs/step"}},
    "branch": _record(
        ("name", "steps"),
        name=_NAME,
        when=_said("Taken when it gives true; without it, always. For `switch` only.", **_CEL),
        steps=_SCOPE,
    ),
    "retry": _record(
        max_attempts=_said("With the first one.", type="integer", minimum=1, maximum=100, default=1),
        initial=_said("Before the second attempt.", **_DURATION),
        factor=_said("By which each delay is longer than the one before.", type="number", minimum=1, maximum=100),
        max=_said("No delay is longer.", **_DURATION),
        jitter=_said("The share of a delay that is left to chance.", type="number", minimum=0, maximum=1),
        retry_on=_said(
            "Codes of errors; without them, all that may be retried.",
            type="array",
            maxItems=50,
            items={"type": "string", "pattern": _ERROR_CODE},
        ),
    ),
    "on_error": {
        **_record(
            ("action",),
            action=_said("What becomes of the execution.", enum=["FAIL", "CONTINUE", "GOTO"]),
            step=_said("Which step of the same scope GOTO begins.", **_NAME),
        ),
        "if": {"properties": {"action": {"const": "GOTO"}}},
        "then": {"required": ["action", "step"]},
        "else": {"properties": {"step": False}},
    },
    "concurrency": _record(
        ("limit",),
        key=_said("What counts together; without it, all executions.", **_TEMPLATE),
        limit=_said("How many may be open at a time.", type="integer", minimum=1, maximum=10_000),
        on_conflict=_said("What becomes of one more.", enum=["QUEUE", "CANCEL_OLDEST", "REJECT"], default="QUEUE"),
    ),
    "rate_limit": _record(
        ("limit", "period"),
        key=_said("What counts together; without it, all executions.", **_TEMPLATE),
        limit=_said("How many may start in a period; more wait.", type="integer", minimum=1, maximum=1_000_000),
        period=_DURATION,
    ),
    "trigger": {
        **_record(
            ("id",),
            id=_NAME,
            event={"$ref": "#/$defs/event"},
            schedule={"$ref": "#/$defs/schedule"},
            webhook={"$ref": "#/$defs/webhook"},
            workflow={"$ref": "#/$defs/after"},
            input=_said("Makes the input; sees `event` and `trigger`. Without it, the data of the event.", **_TEMPLATE),
        ),
        "oneOf": [{"required": [kind]} for kind in TRIGGERS],
    },
    "event": _record(
        ("type",),
        type=_said("The type of the event.", type="string", minLength=1, maxLength=256),
        filter=_said("Only events for which it gives true.", **_CEL),
    ),
    "schedule": _record(
        ("cron",),
        cron=_said("Five fields, six with seconds first, or such as @daily.", type="string", maxLength=256),
        time_zone=_said("IANA name.", type="string", maxLength=64, default="UTC"),
        overlap=_said("What if the one before still runs.", enum=["SKIP", "ALLOW", "QUEUE"], default="SKIP"),
        catch_up=_said("What of those missed in an outage.", enum=["NONE", "LAST", "ALL"], default="LAST"),
        catch_up_limit=_said("How many of them at most.", type="integer", minimum=1, maximum=1000, default=100),
    ),
    "webhook": _record(
        ("source_id",),
        source_id=_said("The source that is sent to.", type="string", pattern="^src_[0-9a-z]{26}$"),
        filter=_said("Only events for which it gives true.", **_CEL),
    ),
    "after": _record(
        ("name",),
        name=_said("Another workflow.", type="string", minLength=1, maxLength=256),
        states=_said("How it ended.", type="array", minItems=1, uniqueItems=True, items={"enum": _WORKFLOW_STATES}),
        filter=_said("Only events for which it gives true.", **_CEL),
    ),
}
