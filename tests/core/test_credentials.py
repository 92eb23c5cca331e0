"""The cache of verified credentials: believed for a while, dropped at once, silent when the channel is."""

from datetime import timedelta

import pytest

from server.core import clock, credentials, tenancy
from server.core.credentials import Credentials, Verified
from server.core.principal import Kind, Principal
from tests.support.database import as_owner
from tests.support.wait import until
from udb.embedded import Postgres


class Door:
    """A verifier that counts how often it was asked."""

    def __init__(self, *, lifetime: timedelta = timedelta(minutes=15)) -> None:
        self.asked = 0
        self._expire_time = clock.now() + lifetime
        self.meanwhile = lambda: None

    def __call__(self, token: str) -> Verified:
        self.asked += 1
        self.meanwhile()
        return Verified(Principal(Kind.SESSION, token), self._expire_time, (f"tag of {token}",))


def revoke(tag: str) -> None:
    with tenancy.transaction():
        credentials.revoke(tag)


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def held(committed: Postgres, door: Door) -> Credentials:
    """Credentials that hear the channel."""
    held = Credentials({}, otherwise=door)
    held.listen(committed.url)
    until(lambda: is_cached(held, door), saying="credentials are held")
    return held


def is_cached(held: Credentials, door: Door, token: str = "probe") -> bool:
    held.authenticate(token)
    before = door.asked
    held.authenticate(token)
    return door.asked == before


def test_the_prefix_chooses_the_verifier():
    key, other = Door(), Door()
    held = Credentials({"udk_": key}, otherwise=other)
    held.authenticate("udk_abc")
    held.authenticate("eyJhbGciOi")
    assert (key.asked, other.asked) == (1, 1)


def test_nothing_is_held_by_a_process_that_does_not_listen(door):
    held = Credentials({}, otherwise=door)
    held.authenticate("a")
    held.authenticate("a")
    assert door.asked == 2


def test_a_revocation_is_heard_and_hits_only_its_tag(held, door):
    assert is_cached(held, door, "a")
    assert is_cached(held, door, "b")
    revoke("tag of a")
    before = door.asked
    until(lambda: held.authenticate("a") and door.asked > before, within=1.0, saying="a is verified again")
    before = door.asked
    held.authenticate("b")
    assert door.asked == before


def test_a_revocation_that_rolls_back_changes_nothing(held, door):
    assert is_cached(held, door, "a")
    with pytest.raises(ZeroDivisionError), tenancy.transaction():
        credentials.revoke("tag of a")
        raise ZeroDivisionError
    revoke("the next")
    before = door.asked
    held.authenticate("a")
    assert door.asked == before


def test_what_was_verified_during_a_revocation_is_not_held(held, door):
    door.meanwhile = lambda: held._drop("another")
    held.authenticate("a")
    door.meanwhile = lambda: None
    before = door.asked
    held.authenticate("a")
    assert door.asked == before + 1


def test_a_credential_is_believed_a_minute_and_never_past_its_end(committed):
    for lifetime, seconds in ((timedelta(minutes=15), 61), (timedelta(seconds=30), 31)):
        door = Door(lifetime=lifetime)
        held = Credentials({}, otherwise=door)
        held._set_listening(listening=True)
        assert is_cached(held, door)
        before = door.asked
        with clock.advanced(timedelta(seconds=seconds)):
            held.authenticate("probe")
        assert door.asked == before + 1


def test_a_lost_channel_empties_the_cache_and_comes_back(held, door, committed):
    assert is_cached(held, door, "a")
    before = door.asked
    with as_owner(committed.url) as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'userdata-revocations'"
        )
    until(lambda: held.authenticate("a") and door.asked > before, saying="a is verified again")
    until(lambda: is_cached(held, door, "a"), saying="credentials are held again")
