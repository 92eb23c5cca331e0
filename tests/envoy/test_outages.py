"""Servers that die or are too busy: clients see little of it, and always an error that says what to do."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from threading import Event

import pytest

from tests.envoy.conftest import LIMITS
from tests.envoy.harness import Answer, Edge, Toy
from tests.support.wait import until


@pytest.fixture(autouse=True)
def all_up(edge: Edge, toys: list[Toy]) -> Iterator[None]:
    """Every test begins with two servers that Envoy takes for healthy."""
    yield
    for toy in toys:
        toy.kill()
        toy.start()
    until(lambda: edge.healthy("rpc") == 2, saying="both servers are healthy again")


def servers(edge: Edge, count: int) -> list[str]:
    """Who answers `count` calls, one after the other."""
    answers = [edge.ask("GET", "/v1/things/x") for _ in range(count)]
    assert [answer.status for answer in answers] == [200] * count
    return [answer.json["server"] for answer in answers]


def test_calls_are_spread_over_the_servers(edge: Edge):
    assert set(servers(edge, 20)) == {"a", "b"}


def test_nobody_sees_that_an_idle_server_died(edge: Edge, toys: list[Toy]):
    servers(edge, 4)
    toys[1].kill()
    assert set(servers(edge, 100)) == {"a"}


def test_a_server_that_comes_back_is_used_again(edge: Edge, toys: list[Toy]):
    toys[1].kill()
    until(lambda: edge.healthy("rpc") == 1, saying="the death is seen")
    toys[1].start()
    until(lambda: "b" in servers(edge, 10), saying="b answers again")


def test_under_load_only_calls_in_flight_fail(edge: Edge, toys: list[Toy]):
    clients = 8
    stop = Event()

    def load() -> list[Answer]:
        answers = []
        while not stop.is_set():
            answers.append(edge.ask("GET", "/v1/things/x"))
        return answers

    with ThreadPoolExecutor(clients) as threads:
        running = [threads.submit(load) for _ in range(clients)]
        toys[1].kill()
        until(lambda: edge.healthy("rpc") == 1, saying="the death is seen")
        stop.set()
        answers = [answer for done in as_completed(running) for answer in done.result()]
    failed = [answer for answer in answers if answer.status != 200]
    assert len(failed) <= clients
    assert {answer.reason for answer in failed} <= {"UPSTREAM_UNAVAILABLE"}


def test_a_call_that_a_server_began_is_not_repeated(edge: Edge, toys: list[Toy]):
    answer = edge.ask("POST", "/v1/crash", "{}")
    assert (answer.status, answer.reason, answer.json["code"]) == (503, "UPSTREAM_UNAVAILABLE", 14)
    assert "idempotency key" in answer.json["message"]
    assert answer.headers["retry-after"] == "1"
    until(lambda: not all(toy.alive for toy in toys), saying="one server is gone")
    assert len(set(servers(edge, 20))) == 1


def test_without_any_server_the_answer_says_so(edge: Edge, toys: list[Toy]):
    for toy in toys:
        toy.kill()
    for _ in range(3):
        answer = edge.ask("GET", "/v1/things/x")
        assert (answer.status, answer.reason, answer.json["code"]) == (503, "UPSTREAM_UNAVAILABLE", 14)
        assert answer.json["message"] == "No server is available for the moment. Try again shortly."
        assert answer.json["details"][1] == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}
        assert answer.headers["retry-after"] == "1"
    toys[0].start()
    until(lambda: edge.ask("GET", "/v1/things/x").status == 200, saying="the first server is used again")


def test_a_server_that_refuses_stays_in_use(edge: Edge):
    for _ in range(20):
        assert edge.ask("POST", "/v1/fail", '{"code": 14, "details": true}').reason == "TOY_FAILED"
        assert edge.ask("POST", "/v1/fail", '{"code": 13, "details": true}').reason == "TOY_FAILED"
    assert edge.healthy("rpc") == 2
    assert set(servers(edge, 20)) == {"a", "b"}


def test_servers_that_time_out_stay_in_use(edge: Edge):
    with ThreadPoolExecutor(16) as threads:
        waits = [threads.submit(edge.ask, "POST", "/v1/wait", '{"seconds": 3}') for _ in range(16)]
        answers = [done.result() for done in as_completed(waits)]
    assert {(answer.status, answer.reason) for answer in answers} == {(504, "DEADLINE_EXCEEDED")}
    assert set(servers(edge, 20)) == {"a", "b"}


def test_too_many_calls_at_once_are_refused(start_edge: Callable[..., Edge]):
    edge = start_edge(limits=replace(LIMITS, concurrent_requests=2))
    with ThreadPoolExecutor(8) as threads:
        waits = [threads.submit(edge.ask, "POST", "/v1/wait", '{"seconds": 0.5}') for _ in range(8)]
        answers = [done.result() for done in as_completed(waits)]
    refused = [answer for answer in answers if answer.status != 200]
    assert len(answers) - len(refused) >= 2
    assert {(answer.status, answer.reason) for answer in refused} == {(503, "UPSTREAM_UNAVAILABLE")}
