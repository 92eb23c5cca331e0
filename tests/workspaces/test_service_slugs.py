"""Slugs out of names."""

from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.rules import checks_of
from server.workspaces.errors import SlugReserved
from server.workspaces.service import slugs
from userdata.api.v1 import rules_pb2
from userdata.workspaces.v1.workspace_pb2 import Workspace

SLUG: Any = Workspace.DESCRIPTOR.fields_by_name["slug"]
CHECKS = checks_of(SLUG.GetOptions().Extensions[rules_pb2.rules], SLUG)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Acme Engines", "acme-engines"),
        ("Émile & Søn's Straße", "emile-sons-strasse"),
        ("  Łódź — Œuvre  ", "lodz-oeuvre"),
        ("3M", "w-3m"),
        ("日本", ""),
        ("x" * 62 + " y", "x" * 62),
    ],
)
def test_a_name_gives_the_nearest_label(name, slug):
    assert slugs.derived(name) == slug


@given(st.text(max_size=80))
def test_every_candidate_is_a_slug_that_the_contract_takes(name):
    candidates = list(slugs.candidates(name))
    for slug in candidates:
        assert [check(slug) for check in CHECKS] == [None] * len(CHECKS)
        assert slug not in slugs.RESERVED
    assert len(set(candidates)) == len(candidates)


def test_reserved_and_short_ones_get_an_end():
    assert all(slug.startswith("admin-") for slug in slugs.candidates("Admin"))
    assert all(slug.startswith("ab-") for slug in slugs.candidates("Ab"))
    assert next(islice(slugs.candidates("Abc"), 1)) == "abc"


def test_reserved_ones_are_refused_with_the_field():
    with pytest.raises(SlugReserved) as error:
        slugs.require_free("www", field="slug")
    assert error.value.violations[0].field == "slug"
    slugs.require_free("acme", field="slug")


def test_every_reserved_word_could_be_a_slug():
    for word in slugs.RESERVED:
        # Shorter words are refused anyway; they are listed for the day when they are not.
        assert [check(word) for check in CHECKS][-1] is None
