"""Paths that the API writes with a verb in the middle."""

import secrets

import pytest

from tests.e2e.support.people import Person

pytestmark = pytest.mark.xdist_group("e2e")


def test_a_verb_before_the_last_segment_finds_its_method(ada: Person) -> None:
    slug = f"engines-{secrets.token_hex(4)}"
    ada.workspace(slug=slug)
    found = ada.rest.send("GET", f"/v1/workspaces:bySlug/{slug}")
    assert found.ok
    assert found.json["slug"] == slug
    assert ada.rest.send("GET", "/v1/workspaces:byNothing/x").reason == "ROUTE_NOT_FOUND"
