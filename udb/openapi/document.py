"""Puts the whole document together."""

import re
import tomllib
from pathlib import Path

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from udb.openapi.comments import unwrap
from udb.openapi.contract import Contract, ContractError, bindings, domain
from udb.openapi.errors import Failures
from udb.openapi.formats import Json
from udb.openapi.operations import ACCESS_TOKEN, API_KEY, IDEMPOTENCY_KEY, LAST_EVENT_ID, Operations
from udb.openapi.schemas import Schemas

_ROOT = Path(__file__).resolve().parents[2]
_INTRODUCTION = Path(__file__).with_name("introduction.md")
_ABBREVIATIONS = {"Api": "API", "Totp": "TOTP"}

_SECURITY_SCHEMES: Json = {
    ACCESS_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a signed-in person, from `POST /v1/auth/login`.",
    },
    API_KEY: {
        "type": "http",
        "scheme": "bearer",
        "description": "A personal API key (`udk_…`) or a workspace's (`udw_…`), sent like an access token.",
    },
}

_IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "Makes repeating the call safe: for 24 hours the same key with the same request gets the first "
        "answer again. Choose a new one, such as a UUID, for every new request."
    ),
    "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
}
_LAST_EVENT_ID: Json = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": (
        "The `id` of the last event that came: the stream goes on after it. Clients of server-sent events send it by"
        " themselves when they connect again; it counts for more than `cursor`."
    ),
    "required": False,
    "schema": {"type": "string"},
}


def generate(descriptors: FileDescriptorSet) -> Json:
    """Return the OpenAPI 3.0.3 document of the services in `descriptors`.

    Args:
        descriptors: the product's protos and all that they import, with source info.

    Raises:
        ContractError: the protos declare something that the document cannot tell.
    """
    contract = Contract(descriptors)
    schemas = Schemas(contract.comments)
    failures = Failures(contract)
    paths = _paths(contract, Operations(contract, schemas, failures))
    return {
        "openapi": "3.0.3",
        "info": _info(),
        "servers": [{"url": "/"}],
        "tags": [_tag(contract, service) for service in contract.services],
        "paths": paths,
        "components": {
            "securitySchemes": _SECURITY_SCHEMES,
            "parameters": {IDEMPOTENCY_KEY: _IDEMPOTENCY_KEY, LAST_EVENT_ID: _LAST_EVENT_ID},
            "responses": failures.components,
            "examples": failures.examples,
            "schemas": dict(sorted(schemas.components.items())),
        },
        "x-tagGroups": _groups(contract),
    }


def _info() -> Json:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    return {
        "title": "Userdata",
        "version": project["version"],
        "description": unwrap(_INTRODUCTION.read_text().splitlines()).strip(),
        "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    }


def _paths(contract: Contract, operations: Operations) -> Json:
    paths: dict[str, Json] = {}
    taken: set[str] = set()
    for method in (method for service in contract.services for method in service.methods):
        main, *others = bindings(method)
        for number, binding in enumerate([main, *others], start=1):
            item = paths.setdefault(binding.path, {})
            operation_id = method.name[0].lower() + method.name[1:] + (str(number) if number > 1 else "")
            if binding.verb in item or operation_id in taken:
                raise ContractError(f"Rename {method.full_name} or its path: another method has the same.")
            taken.add(operation_id)
            item[binding.verb] = operations.build(
                binding,
                tag=_title(method.containing_service),
                operation_id=operation_id,
                same_as=None if binding is main else main,
            )
    return paths


def _tag(contract: Contract, service: ServiceDescriptor) -> Json:
    return {"name": _title(service), "description": contract.comments.of(service.full_name).text}


def _title(service: ServiceDescriptor) -> str:
    """`WorkspaceApiKeyService` is shown as `Workspace API key`."""
    words = re.findall(r"[A-Z][a-z0-9]*", service.name.removesuffix("Service"))
    first, *rest = [_ABBREVIATIONS.get(word, word) for word in words]
    return " ".join([first, *(word if word.isupper() else word.lower() for word in rest)])


def _groups(contract: Contract) -> list[Json]:
    """The tags of each domain, for viewers that group them."""
    domains = dict.fromkeys(domain(service) for service in contract.services)
    return [
        {
            "name": name.capitalize(),
            "tags": [_title(service) for service in contract.services if domain(service) == name],
        }
        for name in domains
    ]
