"""The key ring and what rides on it: sealed values, derived tokens."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import ids, tokens
from server.core.crypto import KeyRing, SealBroken

OLD, NEW = os.urandom(32), os.urandom(32)


@given(st.binary(max_size=200))
def test_open_gives_what_was_sealed(plain):
    ring = KeyRing({"a": OLD})
    assert ring.open("x", ring.seal("x", plain, bound_to=b"row"), bound_to=b"row") == plain


def test_a_seal_opens_only_for_its_purpose_and_row():
    ring = KeyRing({"a": OLD})
    sealed = ring.seal("secret", b"value", bound_to=b"row 1")
    for purpose, bound_to in (("other", b"row 1"), ("secret", b"row 2")):
        with pytest.raises(SealBroken):
            ring.open(purpose, sealed, bound_to=bound_to)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_changed_byte_goes_unnoticed(position, flip):
    ring = KeyRing({"a": OLD})
    sealed = bytearray(ring.seal("x", b"value"))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises(SealBroken):
        ring.open("x", bytes(sealed))


@given(st.binary(max_size=60))
def test_random_bytes_are_refused(raw):
    with pytest.raises(SealBroken):
        KeyRing({"a": OLD}).open("x", raw)


def test_an_older_key_still_opens_and_verifies_after_rotation():
    before, after = KeyRing({"a": OLD}), KeyRing({"b": NEW, "a": OLD})
    assert after.open("x", before.seal("x", b"value")) == b"value"
    assert after.verifies("x", b"data", before.mac("x", b"data"))
    assert before.mac("x", b"data") in after.macs("x", b"data")
    with pytest.raises(SealBroken, match="SECRET_KEYS"):
        before.open("x", after.seal("x", b"value"))


def test_a_short_mac_verifies_nothing():
    ring = KeyRing({"a": OLD})
    assert ring.verifies("x", b"data", ring.mac("x", b"data")[:16])
    assert not ring.verifies("x", b"data", ring.mac("x", b"data")[:15])
    assert not ring.verifies("x", b"data", b"")


def test_a_token_says_its_row_and_version():
    first, second = ids.new(), ids.new()
    assert tokens.read("invite", tokens.mint("invite", first, second, version=3)) == tokens.Token((first, second), 3)


def test_a_token_of_another_purpose_is_none():
    assert tokens.read("reset", tokens.mint("verify", ids.new(), version=1)) is None


@given(st.text(max_size=120))
def test_no_other_text_is_a_token(text):
    assert tokens.read("verify", text) is None


def test_a_changed_token_is_none():
    token = tokens.mint("verify", ids.new(), version=1)
    for position in range(len(token)):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        assert tokens.read("verify", changed) in (None, tokens.read("verify", token))
