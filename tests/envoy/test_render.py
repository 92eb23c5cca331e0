"""The configuration follows from the contract and the parameters."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.core.errors import REASONS
from udb.edge import EnvoyParams, Limits, Tls, binary, render
from udb.edge.bodies import Bodies, lua
from udb.edge.contract import Contract
from udb.edge.faults import faults
from userdata.api.v1 import error_code_pb2
from userdata.api.v1.error_reason_pb2 import ErrorReason

PARAMS = EnvoyParams(
    port=8080,
    admin="unix:/run/userdata/admin.sock",
    rpc=("127.0.0.1:50051", "unix:/run/userdata/rpc.sock"),
    streams_grpc=("[::1]:50041",),
    streams_http=("streams.example:50042",),
    swagger_ui_dir=None,
    openapi_dir=None,
)


@pytest.fixture(scope="module")
def config() -> Any:
    """What the product's own contract gives."""
    return yaml.safe_load(render(PARAMS))


def clusters(config: Any) -> dict[str, Any]:
    return {cluster["name"]: cluster for cluster in config["static_resources"]["clusters"]}


def endpoints(cluster: Any) -> list[Any]:
    return [each["endpoint"]["address"] for each in cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]]


def manager(config: Any) -> Any:
    return config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]


def test_envoy_takes_the_configuration_of_the_products_contract(tmp_path: Path):
    file = tmp_path / "envoy.yaml"
    file.write_text(render(PARAMS))
    done = subprocess.run([binary(), "--mode", "validate", "-c", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_every_service_of_the_contract_is_routed_and_transcoded(config: Any):
    names = Contract(PARAMS.descriptor).services
    assert {"userdata.accounts.v1.AccountService", "userdata.workspaces.v1.WorkspaceService"} <= set(names)
    routes = manager(config)["route_config"]["virtual_hosts"][0]["routes"]
    assert {f"/{name}/" for name in names} <= {route["match"].get("prefix") for route in routes}
    transcoder = next(each for each in manager(config)["http_filters"] if each["name"] == "edge.transcoder")
    assert transcoder["typed_config"]["services"] == names


def test_addresses_are_ports_sockets_or_names(config: Any):
    found = clusters(config)
    assert endpoints(found["rpc"]) == [
        {"socket_address": {"address": "127.0.0.1", "port_value": 50051}},
        {"pipe": {"path": "/run/userdata/rpc.sock"}},
    ]
    assert endpoints(found["streams"]) == [{"socket_address": {"address": "::1", "port_value": 50041}}]
    assert config["admin"]["address"] == {"pipe": {"path": "/run/userdata/admin.sock"}}
    assert {name: cluster["type"] for name, cluster in found.items()} == {
        "rpc": "STATIC",
        "streams": "STATIC",
        "streams_http": "STRICT_DNS",
    }


def test_parameters_cannot_break_out_of_their_place():
    hostile = 'https://a"}]\n- x: {{ 1 }} # %REQ(authorization)%'
    policy = manager(yaml.safe_load(render(replace(PARAMS, cors_origins=(hostile,)))))
    host = policy["route_config"]["virtual_hosts"][0]
    origins = host["typed_per_filter_config"]["edge.cors"]["allow_origin_string_match"]
    assert origins == [{"exact": hostile}]


def test_a_second_listener_speaks_tls():
    tls = Tls(8443, Path("/etc/cert.pem"), Path("/etc/key.pem"))
    listeners = yaml.safe_load(render(replace(PARAMS, tls=tls, host="::")))["static_resources"]["listeners"]
    found = [(each["name"], each["address"]["socket_address"]) for each in listeners]
    assert found == [
        ("http", {"address": "::", "port_value": 8080}),
        ("https", {"address": "::", "port_value": 8443}),
    ]


def test_the_access_log_goes_to_a_file_or_to_the_output(config: Any):
    assert manager(config)["access_log"][0]["name"] == "envoy.access_loggers.stdout"
    other = manager(yaml.safe_load(render(replace(PARAMS, access_log=Path("/var/log/edge.log")))))
    assert other["access_log"][0]["typed_config"]["path"] == "/var/log/edge.log"


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"swagger-ui\.css"):
        render(replace(PARAMS, swagger_ui_dir=tmp_path))


def test_the_edges_reasons_have_their_published_statuses():
    values = ErrorReason.DESCRIPTOR.values_by_name
    for fault in faults(Limits(), []):
        assert fault.status.code == REASONS[fault.reason]
        options: Any = values[f"ERROR_REASON_{fault.reason}"].GetOptions()
        if published := options.Extensions[error_code_pb2.http_status]:
            assert f"response.code == {published}" in fault.when


# Bodies ------------------------------------------------------------------------------------------------------------


def test_bodies_know_both_spellings_and_what_is_within(descriptor: Path):
    bodies = Bodies(Contract(descriptor).bindings)
    echo = bodies.shapes[bodies.paths["POST"]["v1"]["echo"]["/"] - 1]
    assert echo["bigNumber"] == echo["big_number"] == 0
    assert echo["settings"] == echo["createTime"] == 0
    tree = bodies.shapes[echo["tree"] - 1]
    assert tree == {"child": echo["tree"], "name": 0}
    things = bodies.paths["PATCH"]["v1"]["things"]["*"]
    assert "displayName" in bodies.shapes[things["/"] - 1]
    archive = bodies.paths["POST"]["v1"]["things"]["*"][":archive"]["/"]
    assert bodies.shapes[archive - 1] == {}
    assert "GET" not in bodies.paths


def test_tables_become_lua():
    assert lua({"a": [1, -2], 'q"\\': {}}) == '{["a"]={1,-2},["q\\"\\\\"]={}}'
    with pytest.raises(ValueError, match="plain ASCII"):
        lua("é")


def test_the_access_log_format_has_no_duplicate_of_a_secret(config: Any):
    log = json.dumps(manager(config)["access_log"]).lower()
    for secret in ("authorization", "cookie", "referer", "idempotency"):
        assert secret not in log
