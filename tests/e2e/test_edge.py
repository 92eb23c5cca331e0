"""What comes with every answer, and what is served beside the methods: the reference, its document, health."""

import re
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.e2e.conftest import ORIGIN
from tests.e2e.support.people import Person
from tests.e2e.support.rest import Rest
from udb.conf import ROOT

pytestmark = pytest.mark.xdist_group("e2e")

SECURITY = ("content-security-policy", "referrer-policy", "x-content-type-options", "x-frame-options")


# What every answer carries --------------------------------------------------------------------------------------------


def test_a_request_can_be_found_again_by_its_id(anyone: Rest) -> None:
    answers = [anyone.send("GET", "/v1/me") for _ in range(2)]
    found = {answer.headers["x-request-id"] for answer in answers}
    assert {answer.detail("RequestInfo")["requestId"] for answer in answers} == found
    assert len(found) == len(answers)


@pytest.mark.parametrize("path", ["/v1/me", "/v1/nothing", "/.well-known/jwks.json", "/api/docs", "/readyz"])
def test_every_answer_has_the_headers_that_protect_browsers(path: str, anyone: Rest) -> None:
    assert set(SECURITY) <= anyone.send("GET", path).headers.keys()


def test_nobody_can_pose_as_another_address(ada: Person) -> None:
    spoofed = {"x-forwarded-for": "203.0.113.9", "x-client-address": "203.0.113.9"}
    body = {"email": ada.email, "password": ada.password}
    tokens = ada.rest.post("/v1/auth/login", body, headers=spoofed)
    sessions = ada.rest.signed_in(tokens["accessToken"]).get("/v1/me/sessions")["sessions"]
    assert [item["ipAddress"] for item in sessions if item["current"]] == ["127.0.0.1"]


def test_a_browser_may_call_from_an_origin_that_was_set(ada: Person) -> None:
    asked = {"access-control-request-method": "PATCH", "access-control-request-headers": "authorization,content-type"}
    preflight = Rest(ada.rest.address).send("OPTIONS", "/v1/me", headers={"origin": ORIGIN, **asked})
    assert preflight.status in (HTTPStatus.OK, HTTPStatus.NO_CONTENT)
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    for path in ("/v1/me", "/v1/nothing"):
        answer = ada.rest.send("GET", path, headers={"origin": ORIGIN})
        assert answer.headers["access-control-allow-origin"] == ORIGIN, path
        assert "retry-after" in answer.headers["access-control-expose-headers"]


def test_a_browser_may_not_call_from_another_origin(ada: Person) -> None:
    answer = ada.rest.send("GET", "/v1/me", headers={"origin": "https://evil.example.com"})
    assert "access-control-allow-origin" not in answer.headers


# What is served besides -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "kind"), [("openapi.json", "application/json"), ("openapi.yaml", "application/yaml")])
def test_the_description_is_served_as_it_was_generated(name: str, kind: str, anyone: Rest) -> None:
    answer = anyone.send("GET", f"/{name}")
    assert (answer.status, answer.headers["content-type"]) == (HTTPStatus.OK, kind)
    assert answer.body == (ROOT / "gen" / "openapi" / name).read_bytes()


def test_the_reference_is_served_whole_and_asks_no_other_host(anyone: Rest) -> None:
    page = anyone.send("GET", "/api/docs")
    assert (page.status, page.headers["content-type"]) == (HTTPStatus.OK, "text/html; charset=utf-8")
    kinds = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".png": "image/png"}
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())
    assert len(parts) > len(kinds)
    for part in parts:
        assert part.startswith("/"), part
        answer = anyone.send("GET", part)
        assert answer.status == HTTPStatus.OK, part
        kind = kinds.get(Path(part).suffix)
        assert kind in (None, answer.headers["content-type"]), part
    assert "SwaggerUIBundle" in anyone.send("GET", "/api/docs/initializer.js").body.decode()


def test_the_root_leads_to_the_reference(anyone: Rest) -> None:
    answer = anyone.send("GET", "/")
    assert (answer.status, answer.headers["location"].endswith("/api/docs")) == (HTTPStatus.FOUND, True)


def test_health_tells_that_everything_is_up(anyone: Rest) -> None:
    assert anyone.get("/healthz") == {"status": "ok"}
    assert anyone.get("/readyz") == {"status": "ok", "checks": {"database": "ok", "broker": "ok"}}
