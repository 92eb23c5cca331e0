"""Settings: one message for all faults, no value in it."""

import base64

import pytest

from server.core import config

GOOD = {
    "DATABASE_URL": "postgresql://u:hunter2@h/db",
    "BROKER_URL": "redis://h",
    "SECRET_KEYS": "k1:" + base64.b64encode(bytes(32)).decode(),
}


@pytest.fixture
def environment(monkeypatch):
    def put(**changes):
        for name, value in {**GOOD, **changes}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    return put


def test_a_sound_environment_has_no_fault(environment):
    environment()
    config.check([config.Core])


def test_all_faults_come_in_one_message(environment):
    environment(DATABASE_URL="mysql://u:hunter2@h/db", BROKER_URL=None, LOG_LEVEL="loud", SERVER_THREADS="0")
    with pytest.raises(config.ConfigurationError) as error:
        config.check([config.Core])
    text = str(error.value)
    assert all(name in text for name in ("DATABASE_URL", "BROKER_URL", "LOG_LEVEL", "SERVER_THREADS"))
    assert "must start with postgresql://" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    "keys", ["nonsense", "k1:AAAA", "k1:", f"{GOOD['SECRET_KEYS']},{GOOD['SECRET_KEYS']}", ":" + "A" * 44]
)
def test_keys_that_are_none_are_refused_without_being_shown(environment, keys):
    environment(SECRET_KEYS=keys)
    with pytest.raises(config.ConfigurationError, match="SECRET_KEYS must be entries") as error:
        config.check([config.Core])
    assert keys not in str(error.value)


def test_secrets_do_not_print(environment):
    environment()
    assert "hunter2" not in repr(config.Core.from_environment())
