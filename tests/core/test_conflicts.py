"""Broken constraints become the errors that they mean, and the transaction goes on."""

from datetime import timedelta

import peewee
import pytest

from server.core import clock, tenancy
from server.core.conflicts import translated
from server.core.errors import AlreadyExists
from server.core.models import IdempotencyKey


class Taken(AlreadyExists):
    reason = "SLUG_TAKEN"
    message = "Taken."


def claim():
    IdempotencyKey.create(principal="usr_1", key="one", fingerprint=b"", expire_time=clock.now() + timedelta(hours=1))


def test_the_error_of_the_constraint_is_raised_and_what_was_done_before_stays(database):
    with tenancy.transaction():
        claim()
        with pytest.raises(Taken), translated({"idempotency_key_pkey": Taken()}):
            IdempotencyKey.update(response=b"x").execute()
            claim()
        (row,) = IdempotencyKey.select()
        assert row.response is None


def test_other_constraints_are_not_explained_away(database):
    with tenancy.transaction():
        claim()
        with pytest.raises(peewee.IntegrityError), translated({"another": Taken()}):
            claim()
        assert IdempotencyKey.select().count() == 1
