"""What Envoy answers by itself: health, Swagger UI and the OpenAPI document."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.envoy.harness import Edge, Toy
from udb.edge.render import FOLDER


def test_the_edge_is_alive_without_any_server(start_edge: Callable[..., Edge]):
    edge = start_edge(rpc=("127.0.0.1:1",), streams_grpc=("127.0.0.1:1",), streams_http=("127.0.0.1:1",))
    alive = edge.ask("GET", "/healthz")
    assert (alive.status, alive.json) == (200, {"status": "ok"})
    ready = edge.ask("GET", "/readyz")
    assert (ready.status, ready.reason) == (503, "UPSTREAM_UNAVAILABLE")


def test_readiness_is_the_stream_processes_word(edge: Edge, toys: list[Toy]):
    assert edge.ask("GET", "/readyz").json == {"path": "/readyz"}


def test_the_root_leads_to_the_reference(edge: Edge):
    answer = edge.ask("GET", "/")
    assert (answer.status, answer.headers["location"]) == (302, f"http://127.0.0.1:{edge.port}/api/docs")


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/", "/api/docs?x=1"])
def test_the_reference_is_our_page(edge: Edge, path: str):
    answer = edge.ask("GET", path)
    assert answer.body == (FOLDER / "docs" / "index.html").read_bytes()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "public, max-age=3600"


@pytest.mark.parametrize(
    ("path", "name", "content_type"),
    [
        ("/api/docs/swagger-ui.css", "swagger-ui.css", "text/css; charset=utf-8"),
        ("/api/docs/swagger-ui-bundle.js", "swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("/api/docs/favicon-32x32.png", "favicon-32x32.png", "image/png"),
        ("/openapi.json", "openapi.json", "application/json"),
        ("/openapi.yaml", "openapi.yaml", "application/yaml"),
    ],
)
def test_files_have_their_types(edge: Edge, static: dict[str, Path], path: str, name: str, content_type: str):
    answer = edge.ask("GET", path)
    assert json.loads(answer.body)["file"] == name
    assert answer.headers["content-type"] == content_type
    head = edge.ask("HEAD", path)
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(answer.body)))


def test_the_page_loads_nothing_from_elsewhere():
    for name in ("index.html", "initializer.js"):
        assert "//" not in (FOLDER / "docs" / name).read_text().replace("// ", "").replace("<!doctype html>", "")


@pytest.mark.parametrize(
    "path", ["/api/docs/nothing", "/api/docs/../openapi", "/api/docsnothing", "/api/docs/openapi.json", "/api", "/api/"]
)
def test_other_files_do_not_exist(edge: Edge, path: str):
    assert edge.ask("GET", path).reason == "ROUTE_NOT_FOUND"


def test_files_cannot_be_posted_to(edge: Edge):
    assert edge.ask("POST", "/openapi.json", "{}").reason == "ROUTE_NOT_FOUND"


def test_what_is_not_there_is_not_served(start_edge: Callable[..., Edge]):
    edge = start_edge(swagger_ui_dir=None, openapi_dir=None)
    assert edge.ask("GET", "/api/docs").reason == "ROUTE_NOT_FOUND"
    assert edge.ask("GET", "/openapi.json").reason == "ROUTE_NOT_FOUND"
