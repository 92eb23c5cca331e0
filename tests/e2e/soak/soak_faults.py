"""Minutes of load while one process after the other is killed. SOAK_MINUTES says how many; the default is 5."""

import os
import secrets
import signal
import threading
import time
from http import HTTPStatus

import pytest
import redis

from tests.e2e.support.inside import jobs
from tests.e2e.support.load import AWAY, Load, nothing_is_half_done
from tests.e2e.support.mailbox import Mailbox
from tests.e2e.support.people import PASSWORD, People
from tests.e2e.support.rest import Rest
from tests.support.parallel import at_once
from tests.support.wait import until
from udb.installation import Installation

SECONDS = 60 * float(os.environ.get("SOAK_MINUTES", "5"))
#: All but Envoy, without which nobody is answered at all.
MORTAL = (
    "rpc.1",
    "rpc.2",
    "streams",
    "relay",
    "scheduler",
    "worker.1",
    "deliverer.1",
    "deliverer.2",
    "redis",
    "postgres",
)


def register(anyone: Rest, email: str) -> None:
    """Register, again and again until it succeeds, as a client does that was told to retry."""
    body = {"email": email, "password": PASSWORD, "displayName": "Ada Lovelace"}

    def succeeds() -> bool:
        answer = anyone.send("POST", "/v1/auth/register", body, headers={"idempotency-key": email})
        assert answer.ok or answer.status == HTTPStatus.SERVICE_UNAVAILABLE, answer
        return answer.ok

    until(succeeds, within=30, every=0.2)


def kill_something(installation: Installation) -> None:
    """Kill a process, or make Redis forget everything, and wait until all is there again."""
    name = secrets.choice([*MORTAL, "flush"])
    if name == "flush":
        with redis.Redis.from_url(installation.broker_url) as broker:
            broker.flushall()
        return
    number = secrets.choice([signal.SIGKILL, signal.SIGINT]) if name == "postgres" else signal.SIGKILL
    installation.back(name, installation.kill(name, number), within=60)


@pytest.mark.timeout(SECONDS + 300)
def test_nothing_is_lost_while_process_after_process_dies(
    installation: Installation, anyone: Rest, people: People, mailbox: Mailbox
) -> None:
    emails: list[str] = []
    done = threading.Event()

    def registers() -> int:
        while not done.is_set():
            email = people.address()
            register(anyone, email)
            emails.append(email)
        return 0

    def kills() -> int:
        end = time.monotonic() + SECONDS
        try:
            while time.monotonic() < end:
                kill_something(installation)
        finally:
            done.set()
        return 0

    with Load(people.person().rest) as load:
        at_once([registers, registers, kills])
    assert {attempt.outcome for attempt in load.failed} <= AWAY
    nothing_is_half_done(load, installation)
    until(lambda: jobs(installation) == [], within=120, saying="jobs are left")
    letters = mailbox.letters()
    for email in emails:
        assert [letter.template for letter in letters if letter.address == email] == ["verification"], email
