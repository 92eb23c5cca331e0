"""Tokens, keys, passwords and names as text: what is made is read again, and nothing else is."""

import string
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.accounts.models import Session
from server.accounts.service import (
    common_passwords,
    devices,
    guesses,
    mailed_tokens,
    passwords,
    refresh,
    refresh_tokens,
)
from server.core import apikeys, clock, emails, ids
from server.core.db import db
from server.core.errors import DomainError
from tests.accounts.factories import make_user, sign_in

COUNTERS = st.integers(0, 2**31 - 1)


@given(st.uuids(), COUNTERS)
def test_a_refresh_token_says_what_it_was_made_of(session_id, counter):
    token = refresh_tokens.mint(session_id, counter)
    assert token.startswith("udr_")
    assert refresh_tokens.read(token) == (session_id, counter)
    assert refresh_tokens.mint(session_id, counter) == token


@given(st.uuids(), COUNTERS, st.integers(0), st.sampled_from(string.ascii_letters + string.digits + "-_"))
def test_a_refresh_token_with_another_character_is_none(session_id, counter, place, character):
    token = refresh_tokens.mint(session_id, counter)
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]
    said = refresh_tokens.read(changed)
    # The last character carries two bits that base64 does not use.
    assert changed == token or said is None or place == len(token) - 1


@given(st.text(max_size=200) | st.binary(max_size=100).map(lambda raw: f"udr_{raw.hex()}"))
def test_garbage_is_no_token(text):
    assert refresh_tokens.read(text) is None
    assert all(mailed_tokens.read(kind, text) is None for kind in mailed_tokens.Kind)


@given(st.sampled_from(mailed_tokens.Kind), st.uuids(), st.integers(0, 2**31 - 1))
def test_a_mailed_token_says_what_it_was_made_of_to_its_own_kind_only(kind, user_id, version):
    token = mailed_tokens.mint(kind, user_id, version)
    assert mailed_tokens.read(kind, token) == (user_id, version)
    for other in set(mailed_tokens.Kind) - {kind}:
        assert mailed_tokens.read(other, token) is None
        assert mailed_tokens.read(other, other.value + token.removeprefix(kind.value)) is None


STEPS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 10, 29, 31, 100])), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(STEPS)
def test_whatever_clients_send_a_session_does_what_the_rules_say(database, steps):
    """Each step waits some seconds and sends the token that is so many behind the newest."""
    with db.atomic() as attempt:
        session_id, given_out = _begin()
        now, rotated, living = clock.now(), clock.now(), True
        for behind, wait in steps:
            now += timedelta(seconds=wait)
            sent = max(len(given_out) - 1 - behind, 0)
            age = len(given_out) - 1 - sent
            with clock.frozen(now):
                answer = _attempt(given_out[sent])
            if not living:
                assert answer == "SESSION_REVOKED"
            elif age == 0:
                given_out.append(answer)
                rotated = now
                assert refresh_tokens.read(answer) == (session_id, len(given_out) - 1)
            elif age == 1 and now - rotated <= timedelta(seconds=30):
                assert answer == given_out[-1]
            else:
                assert answer == "REFRESH_TOKEN_REUSED"
                living = False
        attempt.rollback(begin=False)


def _begin() -> tuple[UUID, list[str]]:
    with clock.frozen(clock.now()):
        tokens = sign_in(make_user())
    return Session.get().id, [tokens.refresh_token]


def _attempt(token: str) -> str:
    try:
        return refresh.refresh(token).refresh_token
    except DomainError as error:
        return error.reason


@given(st.sampled_from(["udk_", "udw_"]))
def test_a_generated_key_is_well_formed_for_its_prefix_only(prefix):
    key = apikeys.generate(prefix)
    assert len(key) == 42
    assert set(key[4:]) <= set(string.ascii_letters + string.digits)
    assert apikeys.is_wellformed(prefix, key)
    assert not apikeys.is_wellformed("udk_" if prefix == "udw_" else "udw_", key)
    assert apikeys.hint(key) == key[:8]


@given(st.integers(4, 41), st.sampled_from(string.ascii_letters + string.digits))
def test_the_checksum_finds_every_wrong_character(place, character):
    key = apikeys.generate("udk_")
    changed = key[:place] + character + key[place + 1 :]
    assert apikeys.is_wellformed("udk_", changed) == (changed == key)


@given(st.integers(4, 40))
def test_the_checksum_finds_neighbours_that_changed_places(place):
    key = apikeys.generate("udk_")
    changed = key[:place] + key[place + 1] + key[place] + key[place + 2 :]
    assert apikeys.is_wellformed("udk_", changed) == (changed == key)


@given(st.text(max_size=60) | st.text(string.ascii_letters + string.digits, max_size=60).map("udk_".__add__))
def test_other_text_is_no_key(text):
    assert not apikeys.is_wellformed("udk_", text)


def test_keys_are_never_alike():
    assert len({apikeys.generate("udk_") for _ in range(1000)}) == 1000


@given(st.emails())
def test_an_e_mail_and_its_other_spellings_have_one_key(address):
    assert emails.key(address.upper()) == emails.key(address.lower()) == emails.key(emails.key(address))


def test_two_domains_that_look_alike_stay_two():
    assert emails.key("ada@stra\u00dfe.example") != emails.key("ada@strasse.example")


def test_more_than_ten_thousand_common_passwords_of_twelve_characters_are_refused():
    long = {stem for stem in common_passwords.stems() if len(stem) >= 12}
    grown = {f"{stem}{tail}" for stem in common_passwords.stems() for tail in ("1234", "2024!") if len(stem) in (8, 9)}
    sample = sorted(long | grown)
    assert len(sample) > 10_000
    assert [word for word in sample if not common_passwords.is_common(word)] == []


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "a much better battery staple",
        "x9$kLq2!vB7z",
        "lantern-orbit-42-quartz",
        "Tr0ub4dor&3xyz",
        "sturdy-lantern-9431",
        "vgq7hw2mzk4t",
    ],
)
def test_a_password_that_is_nobodys_first_guess_may_be_used(password):
    assert not common_passwords.is_common(password)


@given(st.text(min_size=1, max_size=256))
def test_any_text_can_be_looked_up(password):
    assert common_passwords.is_common(password) in (True, False)


def test_a_hash_matches_its_password_only():
    stored = passwords.hashed("correct horse battery staple")
    assert passwords.matches(stored, "correct horse battery staple")
    assert not passwords.matches(stored, "correct horse battery stapl")
    assert not passwords.matches(None, "correct horse battery staple")
    assert not passwords.matches(None, "nobody's password")
    assert not passwords.matches("not a hash", "correct horse battery staple")


CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
IPHONE = "iPhone; CPU iPhone OS 19_0 like Mac OS X"


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (f"Mozilla/5.0 ({IPHONE}) AppleWebKit/605.1.15 Version/19.0 Safari/604.1", "Safari on iPhone"),
        (f"Mozilla/5.0 (Windows NT 10.0) {CHROME} Safari/537.36 Edg/142.0.0.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME} Safari/537.36", "Chrome on macOS"),
        (f"Mozilla/5.0 (Linux; Android 16; Pixel 10) {CHROME} Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("grpc-python/1.76.0 grpc-c/51.0.0 (linux; chttp2)", "grpc-python"),
        ("", "Unknown device"),
        ("\u0000\u0001", "Unknown device"),
    ],
)
def test_a_device_has_a_name_that_people_know(user_agent, expected):
    assert devices.name(user_agent) == expected


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("unix", "", False),
    ],
)
def test_guesses_count_by_the_network_of_their_address(database, one, other, are_one):
    secret = str(ids.new())
    for _ in range(guesses.MOST):
        guesses.Guesses(secret, one).count_failure()
    closed = guesses.Guesses(secret, other).closed_for()
    assert (closed is not None) == are_one
