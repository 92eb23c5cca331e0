"""Parts of the installation die while it is used: callers are told to retry, nothing is lost, nothing is half done."""

import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import pytest
import redis

from tests.e2e.support.inside import held, jobs, serving, written
from tests.e2e.support.load import AWAY, Load, nothing_is_half_done
from tests.e2e.support.mailbox import Mailbox
from tests.e2e.support.people import People, Person
from tests.e2e.support.rest import Answer, Rest
from tests.e2e.support.rpc import Stubs, call, channel
from tests.support.client import RpcError
from tests.support.database import as_owner
from tests.support.parallel import at_once
from tests.support.wait import until
from udb.installation import Installation
from userdata.accounts.v1.account_service_pb2 import GetMeRequest

pytestmark = pytest.mark.xdist_group("e2e")

BACK_WITHIN_S = 5.0
SERVERS = ("rpc.1", "rpc.2")


@pytest.fixture(autouse=True)
def heals(installation: Installation, ada: Person) -> Iterator[None]:
    """After each test everything runs again and no job is left."""
    before = set(installation.processes)
    yield
    installation.until(
        lambda: before == {name for name, process in installation.processes.items() if process.ready},
        what="have every process back",
        within=20,
    )
    until(lambda: serving(installation) == len(SERVERS), saying="Envoy does not use every server")
    until(lambda: ada.rest.send("GET", "/v1/me").ok, within=10)
    until(lambda: jobs(installation) == [], within=20, saying="jobs are left")


# The database ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_postgres_restarts_under_load(number: signal.Signals, installation: Installation, people: People) -> None:
    person = people.person()
    with Load(person.rest) as load:
        until(lambda: load.succeeded_since(0) >= 20)
        killed = time.monotonic()
        installation.back("postgres", installation.kill("postgres", number))
        until(lambda: load.failed)
        until(lambda: load.succeeded_since(load.failed[-1].ended) >= 100)
    assert {attempt.outcome for attempt in load.failed} <= AWAY
    assert {attempt.answer.status for attempt in load.failed} == {HTTPStatus.SERVICE_UNAVAILABLE}
    assert all(attempt.answer.headers["retry-after"] == "1" for attempt in load.failed)
    assert load.failed[-1].ended - killed < BACK_WITHIN_S
    nothing_is_half_done(load, installation)


def test_people_stay_signed_in_over_a_restart_of_postgres(installation: Installation, people: People) -> None:
    person = people.person()
    installation.back("postgres", installation.kill("postgres", signal.SIGINT))
    until(lambda: person.rest.send("GET", "/v1/me").ok, within=BACK_WITHIN_S)
    tokens = person.rest.post("/v1/auth/refresh", {"refreshToken": person.refresh_token})
    assert person.rest.signed_in(tokens["accessToken"]).get("/v1/me")["id"] == person.id


# The broker -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["flush", "kill"])
def test_what_redis_forgets_is_sent_again(
    loss: str, installation: Installation, people: People, mailbox: Mailbox
) -> None:
    with held(installation, "worker.1"):
        emails = [people.register() for _ in range(5)]
        until(lambda: [state for state, _, _ in jobs(installation)].count("SENT") == len(emails))
        if loss == "flush":
            with redis.Redis.from_url(installation.broker_url) as broker:
                broker.flushall()
        else:
            installation.back("redis", installation.kill("redis"))
    until(lambda: all(mailbox.letters(email, "verification") for email in emails), within=20)
    until(lambda: jobs(installation) == [])
    assert [len(mailbox.letters(email)) for email in emails] == [1] * len(emails)
    assert max(written(installation).values()) == 1


def test_the_api_does_not_wait_for_a_broker_that_hangs(
    installation: Installation, anyone: Rest, people: People, mailbox: Mailbox
) -> None:
    with held(installation, "redis"):
        began = time.monotonic()
        email = people.register()
        assert time.monotonic() - began < 2
        ready = anyone.send("GET", "/readyz")
        assert ready.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert ready.json == {"status": "unavailable", "checks": {"database": "ok", "broker": "unavailable"}}
        assert anyone.send("GET", "/healthz").ok
    assert mailbox.token(email, "verification")


# The product's own processes ------------------------------------------------------------------------------------------


def test_a_killed_server_fails_no_more_than_the_calls_under_way(installation: Installation, people: People) -> None:
    person = people.person()
    with Load(person.rest) as load:
        for name in SERVERS:
            until(lambda: serving(installation) == len(SERVERS))
            earlier = len(load.failed)
            killed = installation.kill(name)
            installation.back(name, killed)
            # Each had one with the server, and may send one more before the edge hears of its death.
            assert len(load.failed) - earlier <= 2 * load.threads
    assert {attempt.outcome for attempt in load.failed} <= AWAY
    nothing_is_half_done(load, installation)


def test_without_any_server_callers_are_told_to_retry(installation: Installation, ada: Person) -> None:
    killed = {name: installation.kill(name) for name in SERVERS}
    answers: list[Answer] = []

    def is_refused() -> bool:
        answers.append(ada.rest.send("GET", "/v1/me"))
        return not answers[-1].ok

    until(is_refused)
    assert (answers[-1].status, answers[-1].reason) == (HTTPStatus.SERVICE_UNAVAILABLE, "UPSTREAM_UNAVAILABLE")
    assert answers[-1].headers["retry-after"] == "1"
    with channel(installation.grpc_target) as opened, pytest.raises(RpcError) as raised:
        call(Stubs(opened).accounts.GetMe, GetMeRequest(), token=ada.token)
    assert (raised.value.code, raised.value.reason) == ("UNAVAILABLE", "UPSTREAM_UNAVAILABLE")
    assert raised.value.retry_seconds == 1
    for name, pid in killed.items():
        installation.back(name, pid)
    until(lambda: ada.rest.send("GET", "/v1/me").ok, within=BACK_WITHIN_S)


def test_a_killed_envoy_is_back(installation: Installation, ada: Person) -> None:
    installation.back("envoy", installation.kill("envoy"))
    assert ada.rest.get("/v1/me")["id"] == ada.id


@pytest.mark.parametrize("name", ["relay", "scheduler", "worker.1"])
def test_mail_arrives_once_though_a_process_is_killed(
    name: str, installation: Installation, people: People, mailbox: Mailbox
) -> None:
    earlier = written(installation)
    emails: list[str] = []
    done = threading.Event()

    def register() -> None:
        while not done.is_set():
            emails.append(people.register())

    def kill() -> int:
        try:
            for _ in range(3):
                wanted = len(emails) + 3
                until(lambda wanted=wanted: len(emails) >= wanted)  # type: ignore[misc]
                installation.back(name, installation.kill(name))
        finally:
            done.set()
        return 0

    at_once([register, register, kill])
    until(lambda: all(mailbox.letters(email, "verification") for email in emails), within=30)
    until(lambda: jobs(installation) == [], within=20)
    assert [len(mailbox.letters(email)) for email in emails] == [1] * len(emails)
    # A letter that was on its way when its worker was killed may go out once more.
    again = (written(installation) - earlier).total() - len(emails)
    assert 0 <= again <= (24 if name == "worker.1" else 0)


# The mail folder ------------------------------------------------------------------------------------------------------


@contextmanager
def no_folder(installation: Installation) -> Iterator[None]:
    """A file stands where the folder of the mail was; not even root can write below it."""
    folder = installation.var.mail
    aside = folder.rename(folder.with_name("mail.aside"))
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


@contextmanager
def disk_full(installation: Installation) -> Iterator[None]:
    """No file that the worker writes gets longer than a line, as on a disk that fills up."""
    pid = installation.processes["worker.1"].pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (100, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("fault", [no_folder, disk_full])
def test_mail_that_cannot_be_written_is_tried_again_later(
    fault: object, installation: Installation, people: People, mailbox: Mailbox
) -> None:
    assert callable(fault)
    earlier = {path.name for path in installation.var.mail.iterdir()}
    with fault(installation):
        email = people.register()
        (job,) = until(lambda: [job for job in jobs(installation) if job[:2] == ("READY", 1)])
        assert "Error" in job[2]
    assert {path.name for path in installation.var.mail.iterdir()} == earlier
    with as_owner(installation.database_url) as cursor:
        # The first retry is due 15 seconds later, so that a disk has time to be emptied.
        cursor.execute("UPDATE job SET run_time = now() WHERE attempts = 1 AND run_time > now() + '5 s' RETURNING id")
        assert len(cursor.fetchall()) == 1
        cursor.execute("NOTIFY job")
    assert mailbox.token(email, "verification")
    assert len(mailbox.letters(email)) == 1
