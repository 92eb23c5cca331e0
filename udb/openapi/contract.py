"""Reads what the generator needs from descriptors: services, HTTP bindings, options and comments."""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from google.api import annotations_pb2, field_behavior_pb2, http_pb2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import FieldOptions, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from udb.openapi.comments import Comments
from userdata.api.v1 import options_pb2, rules_pb2

ROOT_PACKAGE = "userdata."
#: A field of this type holds a body byte for byte.
ANY_BODY = "google.api.HttpBody"


class ContractError(Exception):
    """The protos declare something that the document cannot tell; the text says what to change."""


class Contract:
    """The services of the product and the comments of everything they use.

    The descriptors must include every import and the source info; without it, ContractError is raised.
    """

    def __init__(self, descriptors: FileDescriptorSet) -> None:
        ours = [file for file in descriptors.file if f"{file.package}.".startswith(ROOT_PACKAGE)]
        if not any(file.source_code_info.location for file in ours):
            raise ContractError("The descriptors have no comments. Run protoc with --include_source_info.")
        self.pool = DescriptorPool()
        for file in descriptors.file:
            self.pool.AddSerializedFile(file.SerializeToString())
        self.comments = Comments(ours)
        self._names = [f"{file.package}.{service.name}" for file in ours for service in file.service]

    @cached_property
    def services(self) -> list[ServiceDescriptor]:
        """Every service by domain; the one that the domain is named after comes first."""
        found = [self.pool.FindServiceByName(name) for name in self._names]
        return sorted(found, key=_rank)


@dataclass(frozen=True)
class Binding:
    """One way to call a method over HTTP."""

    method: MethodDescriptor
    verb: str
    """The HTTP method in lower case."""
    path: str
    """The OpenAPI path template; its variables are named as fields are in JSON."""
    path_fields: tuple[FieldDescriptor, ...]
    body: FieldDescriptor | None
    """The field that the body holds, when it is not the whole request."""
    body_fields: tuple[FieldDescriptor, ...]
    """The fields of the body, when it is the whole request without the path's fields."""
    query_fields: tuple[FieldDescriptor, ...]

    @property
    def has_body(self) -> bool:
        """Whether the request has a body."""
        return self.body is not None or bool(self.body_fields)


def takes_anything(binding: Binding) -> bool:
    """Tell whether the body of a request is taken as it comes, be it JSON or not."""
    message = binding.body.message_type if binding.body else None
    return message is not None and message.full_name == ANY_BODY


def bindings(method: MethodDescriptor) -> list[Binding]:
    """Return the HTTP bindings of `method`, the main one first.

    Source of the rules: google/api/http.proto.

    Raises:
        ContractError: the method has no binding, or one that Envoy or OpenAPI cannot carry.
    """
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    if rule.WhichOneof("pattern") is None:
        raise ContractError(f"Give {method.full_name} a google.api.http option.")
    return [_binding(method, each) for each in (rule, *rule.additional_bindings)]


@cache
def field_options(field: FieldDescriptor) -> Any:
    """Return the options of `field` with all extensions, also of a descriptor from a pool that does not know them."""
    return FieldOptions.FromString(field.GetOptions().SerializeToString())


def behaviors(field: FieldDescriptor) -> set[int]:
    """Return the values of `google.api.field_behavior` of `field`."""
    return set(field_options(field).Extensions[field_behavior_pb2.field_behavior])


def is_required(field: FieldDescriptor) -> bool:
    """Tell whether a request must set `field`."""
    return field_behavior_pb2.REQUIRED in behaviors(field)


def is_map(field: FieldDescriptor) -> bool:
    """Tell whether `field` is a map."""
    return map_value(field) is not None


def map_value(field: FieldDescriptor) -> FieldDescriptor | None:
    """Return the field of the values when `field` is a map, None when it is not."""
    message = field.message_type
    if message is None or not message.GetOptions().map_entry:
        return None
    return message.fields_by_name["value"]


def rules(field: FieldDescriptor) -> rules_pb2.Rules:
    """Return the rules of `field`, empty ones if it has none."""
    found: rules_pb2.Rules = field_options(field).Extensions[rules_pb2.rules]
    return found


def permission(method: MethodDescriptor) -> str:
    """Return the permission of `method`.

    Raises:
        ContractError: it declares none.
    """
    options: Any = method.GetOptions()
    found: str = options.Extensions[options_pb2.permission]
    if not found:
        raise ContractError(f"Give {method.full_name} a userdata.api.v1.permission option.")
    return found


def is_in_workspace(method: MethodDescriptor) -> bool:
    """Tell whether the permission of `method` is asked of the workspace that the request names."""
    name = permission(method)
    plain = name not in ("PUBLIC", "AUTHENTICATED") and not name.startswith("installation.")
    return plain and "workspace_id" in method.input_type.fields_by_name


def domain(service: ServiceDescriptor) -> str:
    """Return the domain of `service`, which is the second word of its package."""
    return service.file.package.split(".")[1]


def _rank(service: ServiceDescriptor) -> tuple[str, bool, str]:
    is_first = f"{service.name.removesuffix('Service')}s".lower() == domain(service)
    return domain(service), not is_first, service.name


def _binding(method: MethodDescriptor, rule: http_pb2.HttpRule) -> Binding:
    verb = rule.WhichOneof("pattern")
    if verb is None or verb == "custom" or rule.response_body:
        raise ContractError(f"Bind {method.full_name} with a plain verb and without response_body.")
    path, names = _template(method, getattr(rule, verb))
    fields = method.input_type.fields_by_name
    for name in (*names, rule.body):
        if name not in (*fields, "*", ""):
            raise ContractError(f"Correct the binding of {method.full_name}: its request has no {name}.")
    body = None if rule.body in ("", "*") else fields[rule.body]
    if body is not None and body.message_type is None:
        raise ContractError(f"Bind a message or * as the body of {method.full_name}.")
    rest = tuple(field for field in method.input_type.fields if field.name not in names)
    in_body = rest if rule.body == "*" else ()
    return Binding(
        method=method,
        verb=verb,
        path=path,
        path_fields=tuple(fields[name] for name in names),
        body=body,
        body_fields=in_body,
        query_fields=() if in_body else tuple(field for field in rest if field != body),
    )


def _template(method: MethodDescriptor, template: str) -> tuple[str, list[str]]:
    """Split a path template into OpenAPI's and the names of its fields.

    Envoy's path matcher takes a custom verb only at the very end of a template.
    """
    names: list[str] = []
    parts: list[str] = []
    for segment in template.split("/"):
        if ":" in segment and not template.endswith(segment):
            raise ContractError(f"Move the verb of {method.full_name} to the end of {template}.")
        before, opened, rest = segment.partition("{")
        name, closed, after = rest.partition("}")
        if not opened:
            parts.append(segment)
            continue
        name = name.removesuffix("=*")
        if not closed or not name.isidentifier():
            raise ContractError(f"Use plain variables of one segment in {template} of {method.full_name}.")
        names.append(name)
        field = method.input_type.fields_by_name.get(name)
        parts.append(f"{before}{{{field.json_name if field else name}}}{after}")
    return "/".join(parts), names
