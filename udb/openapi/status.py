"""The schemas of errors: `google.rpc.Status` and its details as Envoy prints them (AIP-193)."""

from udb.openapi.formats import Json

_TYPE = "type.googleapis.com/google.rpc."
_TEXT: Json = {"type": "string"}


def _list_of(entry: str, **properties: str) -> Json:
    fields = {name: {**_TEXT, "description": text} for name, text in properties.items()}
    items = {"type": "object", "properties": fields}
    return {"type": "array", "description": f"One entry for each {entry}.", "items": items}


_DETAILS: dict[str, tuple[str, Json]] = {
    "ErrorInfo": (
        "Tells why the call failed, for programs. It is in every error.",
        {
            "reason": {
                **_TEXT,
                "description": "The reason, such as `NOT_FOUND`; branch on it, not on the message.",
            },
            "domain": {**_TEXT, "description": "Where the reason belongs.", "enum": ["userdata"]},
            "metadata": {
                "type": "object",
                "additionalProperties": _TEXT,
                "description": "What the reason speaks of, by name.",
            },
        },
    ),
    "RequestInfo": (
        "Names the request, so that its traces can be found.",
        {
            "requestId": {**_TEXT, "description": "The id under which the logs have the request."},
            "servingData": {**_TEXT, "description": "Not used."},
        },
    ),
    "BadRequest": (
        "Lists every field that breaks its rules.",
        {
            "fieldViolations": _list_of(
                "field that breaks its rules",
                field="The path of the field in the request, in the names of the protos.",
                description="What is wrong with it.",
                reason="Not used.",
            )
        },
    ),
    "PreconditionFailure": (
        "Lists what the state of things does not allow.",
        {
            "violations": _list_of(
                "precondition that does not hold",
                type="The kind of the precondition.",
                subject="What it speaks of.",
                description="What is to be done first.",
            )
        },
    ),
    "QuotaFailure": (
        "Lists the limits that are reached.",
        {
            "violations": _list_of(
                "limit that is reached", subject="Whose limit it is.", description="What the limit is."
            )
        },
    ),
    "RetryInfo": (
        "Tells when trying again can help.",
        {"retryDelay": {**_TEXT, "pattern": r"^[0-9]+(?:\.[0-9]+)?s$", "description": "How long to wait."}},
    ),
}


def status_schemas() -> dict[str, Json]:
    """Return the component schemas of errors; `Status` is the body of every error response."""
    details = {name: _detail(name, text, properties) for name, (text, properties) in _DETAILS.items()}
    references = {f"{_TYPE}{name}": f"#/components/schemas/{name}" for name in details}
    status: Json = {
        "type": "object",
        "description": "Tells that a call failed and why (`google.rpc.Status`).",
        "properties": {
            "code": {
                "type": "integer",
                "format": "int32",
                "minimum": 1,
                "maximum": 16,
                "description": "The canonical code of gRPC (google/rpc/code.proto).",
            },
            "message": {**_TEXT, "description": "One sentence that says what to do; it may be reworded."},
            "details": {
                "type": "array",
                "description": "What programs need to know; an `ErrorInfo` is always among them.",
                "items": {
                    "oneOf": [{"$ref": reference} for reference in references.values()],
                    "discriminator": {"propertyName": "@type", "mapping": references},
                },
            },
        },
        "required": ["code", "message", "details"],
    }
    return {"Status": status, **details}


def _detail(name: str, text: str, properties: Json) -> Json:
    kind = {**_TEXT, "enum": [f"{_TYPE}{name}"], "description": "The type of the detail."}
    return {
        "type": "object",
        "description": text,
        "properties": {"@type": kind, **properties},
        "required": ["@type"],
    }
