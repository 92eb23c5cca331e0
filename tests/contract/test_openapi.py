"""The OpenAPI document tells the whole contract, and what it shows is true by its own schemas."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.api import http_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from openapi_schema_validator import (
    OAS30ReadValidator,
    OAS30WriteValidator,
    oas30_format_checker,
)
from openapi_spec_validator import validate

from udb.generate.protoc import describe
from udb.openapi import ContractError, generate
from udb.openapi.__main__ import as_json, as_yaml
from udb.openapi.contract import Contract, bindings, permission
from udb.openapi.formats import Json

ROOT = Path(__file__).resolve().parents[2]
GOOGLEAPIS = Path(http_pb2.__file__).parents[2]

TOY = """
syntax = "proto3";
package userdata.toys.v1;
import "google/api/annotations.proto";
import "google/api/field_behavior.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto";
import "userdata/api/v1/options.proto";
import "userdata/api/v1/rules.proto";

// Keeps toys.
service ToyService {
  // Makes a toy.
  //
  // Its `box_size` stays
  // as it is.
  rpc MakeToy(MakeToyRequest) returns (Toy) {
    option (google.api.http) = {%s};
    option (userdata.api.v1.permission) = "toys.write";
  }
}

// Carries a toy.
message MakeToyRequest {
  // The shelf.
  string shelf = 1 [
    (google.api.field_behavior) = REQUIRED,
    (userdata.api.v1.rules) = {pattern: "[a-z]+", example: "upper"}
  ];
  // The toy.
  Toy toy = 2 [(google.api.field_behavior) = REQUIRED];
}

// Describes a toy.
message Toy {
  // The size.
  int64 box_size = 1 [(userdata.api.v1.rules).example = "%s"];
  bytes photo = 2;
  google.protobuf.Duration warranty = 3 [(userdata.api.v1.rules).example = "3.5s"];
  google.protobuf.Value extra = 4;
  map<string, Part> parts = 5;
  oneof power {
    string battery = 6 [(userdata.api.v1.rules).example = "AA"];
    Part spring = 7;
  }
  optional uint32 age = 8;
  Part old = 9 [deprecated = true];
}

// Describes a part.
message Part {
  // The name.
  string name = 1 [(userdata.api.v1.rules).example = "wheel"];
  Toy inside = 2;
}
"""


def described(roots: list[Path], folder: Path, *, comments: bool = True) -> FileDescriptorSet:
    protos = sorted(str(path.relative_to(roots[0])) for path in roots[0].rglob("*.proto"))
    return describe([*roots, GOOGLEAPIS], protos, folder / "set.binpb", comments=comments)


def toy(folder: Path, *, http: str = 'post: "/v1/{shelf}/toys" body: "toy"', size: str = "12") -> Json:
    """The document of a contract that has what the product's does not have yet."""
    source = folder / "protos" / "userdata" / "toys" / "v1" / "toy.proto"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(TOY % (http, size))
    return generate(described([folder / "protos", ROOT / "protos"], folder))


@pytest.fixture(scope="module")
def descriptors(tmp_path_factory: pytest.TempPathFactory) -> FileDescriptorSet:
    return described([ROOT / "protos"], tmp_path_factory.mktemp("openapi"))


@pytest.fixture(scope="module")
def document(descriptors: FileDescriptorSet) -> Json:
    return generate(descriptors)


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            yield f"{verb.upper()} {path}", operation


def resolved(document: Json, value: Json) -> Json:
    """The component that `value` refers to, or `value` itself."""
    found: Any = document
    for key in value["$ref"].removeprefix("#/").split("/") if "$ref" in value else ():
        found = found[key]
    return found if "$ref" in value else value


def faults(document: Json, schema: Json, value: object, *, sent: bool) -> list[str]:
    """What is wrong with `value` by `schema`, whose references lead into the document."""
    validator = OAS30WriteValidator if sent else OAS30ReadValidator
    whole = {"allOf": [schema], "components": document["components"]}
    checker = validator(whole, format_checker=oas30_format_checker)
    return [error.message for error in checker.iter_errors(value)]


def examples(document: Json, content: Json) -> list[Any]:
    """The values of the examples of a body."""
    (media,) = content.values()
    named = [resolved(document, example)["value"] for example in media.get("examples", {}).values()]
    return [media["example"]] if "example" in media else named


def test_document_is_valid_openapi(document: Json) -> None:
    assert document["openapi"] == "3.0.3"
    validate(document)


def test_every_binding_of_every_method_has_an_operation(descriptors: FileDescriptorSet, document: Json) -> None:
    methods = [method for service in Contract(descriptors).services for method in service.methods]
    expected = [f"{each.verb.upper()} {each.path}" for method in methods for each in bindings(method)]
    assert sorted(expected) == sorted(name for name, _ in operations(document))
    assert len(methods) > 60


def test_operation_ids_are_unique(document: Json) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))


def test_every_operation_is_described_and_tagged(document: Json) -> None:
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    for name, operation in operations(document):
        assert operation["summary"], name
        assert "**Permission:**" in operation["description"], name
        assert len(operation["tags"]) == 1, name
        assert set(operation["tags"]) <= tags, name


def test_tag_groups_hold_every_tag_once(document: Json) -> None:
    grouped = [tag for group in document["x-tagGroups"] for tag in group["tags"]]
    assert grouped == [tag["name"] for tag in document["tags"]]
    assert {"Accounts", "Workspaces"} <= {group["name"] for group in document["x-tagGroups"]}


def test_every_schema_and_property_is_described(document: Json) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema["description"], name
        for field, value in schema.get("properties", {}).items():
            assert value.get("description"), f"{name}.{field}"


def test_requests_hold_to_their_schemas(document: Json) -> None:
    for name, operation in operations(document):
        assert operation["x-codeSamples"][0]["source"].startswith("curl "), name
        for parameter in operation.get("parameters", []):
            parameter = resolved(document, parameter)  # noqa: PLW2901 - the same parameter
            assert not parameter["required"] or "example" in parameter, name
            if "example" in parameter:
                assert not faults(document, parameter["schema"], parameter["example"], sent=True), name
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]
            shown = examples(document, content)
            assert shown, name
            for value in shown:
                assert not faults(document, next(iter(content.values()))["schema"], value, sent=True), name


def test_responses_hold_to_their_schemas(document: Json) -> None:
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            content = resolved(document, response)["content"]
            shown = examples(document, content)
            assert shown, (name, status)
            for value in shown:
                wrong = faults(document, next(iter(content.values()))["schema"], value, sent=False)
                assert not wrong, (name, status, wrong)


def test_every_operation_tells_how_it_fails(document: Json) -> None:
    for name, operation in operations(document):
        statuses = set(operation["responses"])
        assert {"200", "400", "429", "431", "500", "503", "504"} <= statuses, name
        assert ("401" in statuses) >= bool(operation["security"]), name
        assert ("413" in statuses) == ("requestBody" in operation), name
        assert ("404" in statuses) >= ("{workspaceId}" in name), name


def test_declared_reasons_stand_under_their_status(document: Json) -> None:
    responses = document["paths"]["/v1/workspaces"]["post"]["responses"]
    assert "SLUG_TAKEN" in responses["409"]["content"]["application/json"]["examples"]
    assert "`SLUG_RESERVED`: " in responses["400"]["description"]
    login = document["paths"]["/v1/auth/login"]["post"]["responses"]
    assert "INVALID_CREDENTIALS" in login["401"]["content"]["application/json"]["examples"]
    assert "LOGIN_LOCKED" in login["429"]["content"]["application/json"]["examples"]


def test_security_follows_permission_and_credential(descriptors: FileDescriptorSet, document: Json) -> None:
    for service in Contract(descriptors).services:
        for method in service.methods:
            main = bindings(method)[0]
            security = document["paths"][main.path][main.verb]["security"]
            assert (security == []) == (permission(method) == "PUBLIC"), method.full_name
    assert document["paths"]["/v1/me"]["get"]["security"] == [{"accessToken": []}, {"apiKey": []}]
    assert document["paths"]["/v1/me/password"]["post"]["security"] == [{"accessToken": []}]


def test_only_what_changes_something_takes_an_idempotency_key(document: Json) -> None:
    for name, operation in operations(document):
        takes_key = {"$ref": "#/components/parameters/IdempotencyKey"} in operation.get("parameters", [])
        is_safe = name.startswith("GET ") or name.endswith((":preview", "workflows:validate", "workflows:dryRun"))
        assert takes_key != is_safe, name


def test_a_stream_of_events_goes_on_after_the_last_one(document: Json) -> None:
    taking = [
        name
        for name, operation in operations(document)
        if {"$ref": "#/components/parameters/LastEventId"} in operation.get("parameters", [])
    ]
    assert taking == ["GET /v1/workspaces/{workspaceId}/events:watch"]


def test_field_rules_are_told_in_requests(document: Json) -> None:
    schemas = document["components"]["schemas"]
    email = schemas["RegisterRequest"]["properties"]["email"]
    assert (email["format"], email["maxLength"]) == ("email", 254)
    name = schemas["WorkspaceInput"]["properties"]["name"]
    assert (name["minLength"], name["maxLength"]) == (1, 80)
    assert schemas["LoginRequest"]["properties"]["password"]["minLength"] == 1
    scopes = schemas["ApiKeyInput"]["properties"]["scopes"]
    assert (scopes["minItems"], scopes["maxItems"], scopes["uniqueItems"]) == (1, 64, True)
    assert schemas["WorkspaceInput"]["properties"]["labels"]["maxProperties"] == 64
    parameters = document["paths"]["/v1/workspaces/{workspaceId}/members"]["get"]["parameters"]
    found = {parameter["name"]: parameter["schema"] for parameter in parameters}
    assert found["workspaceId"]["pattern"] == "^ws_[0-7][0-9a-hjkmnp-tv-z]{25}$"
    assert found["pageSize"]["minimum"] == 0


def test_requests_are_closed_and_responses_open(document: Json) -> None:
    schemas = document["components"]["schemas"]
    for name in ("LoginRequest", "WorkspaceInput", "WorkspacePatch"):
        assert schemas[name]["additionalProperties"] is False, name
    assert "additionalProperties" not in schemas["Workspace"]


def test_each_role_of_a_message_has_its_own_schema(document: Json) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["WorkspaceInput"]["required"] == ["name"]
    assert "required" not in schemas["WorkspacePatch"]
    assert {"id", "name", "labels"} <= set(schemas["Workspace"]["required"])
    assert "createTime" not in schemas["Workspace"]["required"]
    assert "id" not in schemas["WorkspaceInput"]["properties"]
    assert "scopes" not in schemas["ApiKeyPatch"]["properties"]
    assert "ROLE_UNSPECIFIED" not in schemas["RoleInput"]["enum"]


def test_responses_show_what_the_call_has_done(document: Json) -> None:
    def shown(path: str, verb: str) -> Json:
        content = document["paths"][path][verb]["responses"]["200"]["content"]
        found: Json = examples(document, content)[0]
        return found

    deleted = shown("/v1/workspaces/{workspaceId}", "delete")
    assert deleted["deleteTime"] < deleted["purgeTime"]
    assert "deleteTime" not in shown("/v1/workspaces/{workspaceId}", "get")
    assert shown("/v1/admin/users/{userId}:lock", "post")["status"] == "USER_STATUS_LOCKED"


def test_samples_work_at_any_time(document: Json) -> None:
    path = document["paths"]["/v1/workspaces/{workspaceId}/invitations"]["post"]
    assert "expireTime" not in path["requestBody"]["content"]["application/json"]["example"]
    for name, operation in operations(document):
        assert '"etag"' not in operation["x-codeSamples"][0]["source"], name


def test_document_is_always_the_same(descriptors: FileDescriptorSet, document: Json) -> None:
    assert as_json(generate(descriptors)) == as_json(document)
    assert yaml.safe_load(as_yaml(document)) == document


def test_values_have_the_types_of_proto3_json(tmp_path: Path) -> None:
    document = toy(tmp_path)
    properties = document["components"]["schemas"]["Toy"]["properties"]
    assert (properties["boxSize"]["type"], properties["boxSize"]["example"]) == ("string", "12")
    assert properties["photo"]["format"] == "byte"
    assert properties["warranty"]["example"] == "3.5s"
    assert "type" not in properties["extra"]
    assert properties["parts"]["additionalProperties"] == {"$ref": "#/components/schemas/Part"}
    assert properties["old"]["deprecated"] is True
    validate(document)


def test_each_choice_of_a_response_has_an_example(tmp_path: Path) -> None:
    operation = toy(tmp_path)["paths"]["/v1/{shelf}/toys"]["post"]
    shown = operation["responses"]["200"]["content"]["application/json"]["examples"]
    assert list(shown) == ["battery", "spring"]
    assert shown["spring"]["value"]["spring"] == {"name": "wheel"}
    assert "battery" not in shown["spring"]["value"]


def test_comments_are_told_in_the_words_of_json(tmp_path: Path) -> None:
    operation = toy(tmp_path)["paths"]["/v1/{shelf}/toys"]["post"]
    assert operation["summary"] == "Makes a toy"
    assert operation["description"].startswith("Its `boxSize` stays as it is.\n\n**Permission:** `toys.write`")


@pytest.mark.parametrize(
    ("http", "told"),
    [
        ('post: "/v1/toys:make/{shelf}" body: "toy"', "Move the verb"),
        ('get: "/v1/{shelf}/toys"', "Bind userdata.toys.v1.MakeToyRequest.toy to a body"),
        ('post: "/v1/{room}/toys" body: "toy"', "its request has no room"),
        ('post: "/v1/{shelf=shelves/*}/toys" body: "toy"', "Use plain variables"),
        ('post: "/v1/{shelf}/toys" body: "shelf"', "Bind a message or"),
        ("", "google.api.http"),
    ],
)
def test_bindings_that_cannot_be_told_are_refused(tmp_path: Path, http: str, told: str) -> None:
    with pytest.raises(ContractError, match=told):
        toy(tmp_path, http=http)


def test_example_of_another_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"Correct the example of userdata\.toys\.v1\.Toy\.box_size"):
        toy(tmp_path, size="many")


def test_descriptors_without_comments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="--include_source_info"):
        generate(described([ROOT / "protos"], tmp_path, comments=False))
