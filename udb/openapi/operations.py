"""Builds the operation of each HTTP binding."""

import re
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from udb.openapi.contract import (
    ANY_BODY,
    Binding,
    Contract,
    ContractError,
    is_in_workspace,
    is_map,
    is_required,
    permission,
    takes_anything,
)
from udb.openapi.errors import Failures
from udb.openapi.examples import body_example, example_of, response_examples
from udb.openapi.formats import Json, Role, is_single_value
from udb.openapi.samples import curl
from udb.openapi.schemas import Schemas
from userdata.api.v1 import options_pb2

ACCESS_TOKEN = "accessToken"  # noqa: S105 - the name of a security scheme
API_KEY = "apiKey"
IDEMPOTENCY_KEY = "IdempotencyKey"
LAST_EVENT_ID = "LastEventId"

_KINDS_OF_CREDENTIAL = {
    options_pb2.CREDENTIAL_SESSION: "It takes the access token of a signed-in person, no API key.",
    options_pb2.CREDENTIAL_FRESH_SESSION: (
        "It takes the access token of a person who signed in within the last 15 minutes, no API key."
    ),
}

# "Describes a workspace." stands above a message; of a response the reader wants to know "A workspace."
_VERB = re.compile(r"^(?:Describes|Returns) (.)")

# Swagger UI fills its form with the examples of parameters, so only those that do no harm there are given.
_HARMLESS = ("page_size", "update_mask")

_BYTES: Json = {"type": "string", "format": "binary"}
#: What the streams processes answer with over HTTP.
_EVENT = 'id: BGsxN2Zk\ndata: {"id": "evt_01jbrk8xw7e5tvh2c9n4m6q0za"}\n\n'
_CHANGE = 'data: {"execution": {"id": "exe_01jbrk8xw7e5tvh2c9n4m6q0za"}, "live": true}\n\n'


class Operations:
    """Turns bindings into operations; schemas and errors gather in the components meanwhile."""

    def __init__(self, contract: Contract, schemas: Schemas, failures: Failures) -> None:
        self._comments = contract.comments
        self._schemas = schemas
        self._failures = failures

    def build(self, binding: Binding, *, tag: str, operation_id: str, same_as: Binding | None) -> Json:
        """Return the operation of `binding`.

        Args:
            binding: how the method is called.
            tag: the group that the operation stands in.
            operation_id: its unique name.
            same_as: the main binding, when this is another way to call the method.
        """
        options: Any = binding.method.GetOptions()
        summary = self._comments.of(binding.method.full_name).summary.removesuffix(".")
        operation: Json = {
            "operationId": operation_id,
            "tags": [tag],
            "summary": summary,
            "description": self._description(binding, same_as),
            "security": _security(binding),
        }
        if options.deprecated:
            operation["deprecated"] = True
        if parameters := self._parameters(binding):
            operation["parameters"] = parameters
        if binding.has_body:
            operation["requestBody"] = self._body(binding)
        operation["responses"] = {"200": self._success(binding), **self._failures.responses(binding)}
        operation["x-codeSamples"] = [{"lang": "Shell", "label": "curl", "source": curl(binding, operation)}]
        return operation

    def _description(self, binding: Binding, same_as: Binding | None) -> str:
        details = self._comments.of(binding.method.full_name).details
        twin = f"The same as `{same_as.verb.upper()} {same_as.path}`." if same_as else ""
        return "\n\n".join(part for part in (details, twin, _permission_text(binding)) if part)

    def _parameters(self, binding: Binding) -> list[Json]:
        found = [self._parameter(field, "path") for field in binding.path_fields]
        found += [self._parameter(field, "query") for field in binding.query_fields]
        options: Any = binding.method.GetOptions()
        if options.idempotency_level != MethodOptions.NO_SIDE_EFFECTS:
            found.append({"$ref": f"#/components/parameters/{IDEMPOTENCY_KEY}"})
        if binding.method.server_streaming and "cursor" in binding.method.input_type.fields_by_name:
            found.append({"$ref": f"#/components/parameters/{LAST_EVENT_ID}"})
        return found

    def _parameter(self, field: FieldDescriptor, place: str) -> Json:
        if is_map(field) or not is_single_value(field) or (field.is_repeated and place == "path"):
            raise ContractError(f"Bind {field.full_name} to a body: the {place} cannot hold it.")
        required = place == "path" or is_required(field)
        text = self._comments.of(field.full_name).text
        example = example_of(field)
        shows_example = required or field.name in _HARMLESS
        if example is not None and not shows_example:
            text += f"\n\nFor example `{example}`."
        return {
            "name": field.json_name,
            "in": place,
            **({"description": text.strip()} if text else {}),
            "required": required,
            **({"deprecated": True} if field.GetOptions().deprecated else {}),
            "schema": self._schemas.bare_field(field, Role.INPUT),
            **({"example": example} if example is not None and shows_example else {}),
        }

    def _body(self, binding: Binding) -> Json:
        message = binding.body.message_type if binding.body else None
        if binding.body is not None and takes_anything(binding):
            text = self._comments.of(binding.body.full_name).text
            return {"description": text, "required": False, "content": {"*/*": {"schema": _BYTES, "example": "{}"}}}
        if binding.body is None or message is None:
            schema = self._schemas.of_body(binding.method.input_type, binding.body_fields)
            required = any(is_required(field) for field in binding.body_fields)
            example = body_example(binding.body_fields, Role.INPUT)
        else:
            role = Role.PATCH if "update_mask" in binding.method.input_type.fields_by_name else Role.INPUT
            schema = self._schemas.of(message, role)
            required = is_required(binding.body)
            example = body_example(message.fields, role)
        text = self._comments.of(binding.body.full_name).text if binding.body else ""
        return {
            **({"description": text} if text else {}),
            "required": required,
            "content": {"application/json": {"schema": schema, "example": example}},
        }

    def _success(self, binding: Binding) -> Json:
        message = binding.method.output_type
        if message.full_name == ANY_BODY:
            return {"description": "What the method gives back.", "content": {"*/*": {"schema": _BYTES, "example": ""}}}
        if binding.method.server_streaming:
            return {"description": "Server-sent events.", "content": {"text/event-stream": _events(message)}}
        examples = response_examples(binding.method)
        content: Json = {"schema": self._schemas.of(message, Role.OUTPUT)}
        if len(examples) == 1:
            content["example"] = next(iter(examples.values()))
        else:
            content["examples"] = {name: {"value": value} for name, value in examples.items()}
        text = self._comments.of(message.full_name).summary or "Returns an empty object."
        return {"description": _VERB.sub(_capital, text), "content": {"application/json": content}}


def _events(message: Descriptor) -> Json:
    return {"schema": {"type": "string"}, "example": _CHANGE if "execution" in message.fields_by_name else _EVENT}


def _capital(found: re.Match[str]) -> str:
    return found[1].upper()


def _security(binding: Binding) -> list[Json]:
    if permission(binding.method) == "PUBLIC":
        return []
    options: Any = binding.method.GetOptions()
    if options.Extensions[options_pb2.credential] in _KINDS_OF_CREDENTIAL:
        return [{ACCESS_TOKEN: []}]
    return [{ACCESS_TOKEN: []}, {API_KEY: []}]


def _permission_text(binding: Binding) -> str:
    name = permission(binding.method)
    options: Any = binding.method.GetOptions()
    kind = _KINDS_OF_CREDENTIAL.get(options.Extensions[options_pb2.credential], "")
    if name == "PUBLIC":
        needed = "none; anybody may call this."
    elif name == "AUTHENTICATED":
        needed = "none beyond a credential that holds."
    elif is_in_workspace(binding.method):
        needed = f"`{name}` in the workspace."
    elif name.startswith("installation."):
        needed = f"`{name}`, which administrators of the installation hold."
    elif kind:
        needed = f"`{name}`, over what is the caller's own."
    else:
        needed = f"`{name}`, over what is the caller's own; a personal API key needs it among its scopes."
    return f"**Permission:** {needed} {kind}".strip()
