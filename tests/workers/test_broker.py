"""Which broker a URL names, and how soon a message is fetched."""

import threading
import time
from statistics import median

import dramatiq
import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker

from server.core import ids
from workers import broker as brokers


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("redis://:secret@127.0.0.1:6379/0", RedisBroker),
        ("amqp://guest:guest@127.0.0.1:5672/%2F", RabbitmqBroker),
        ("amqps://mq.example", RabbitmqBroker),
    ],
)
def test_the_url_picks_the_broker_and_none_has_a_will_of_its_own(url, kind):
    link = brokers.connect(url)
    assert isinstance(link, kind)
    assert link.middleware == []


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://127.0.0.1:1"])
def test_a_broker_that_is_away_fails_with_a_known_fault(url):
    with pytest.raises(brokers.FAULTS):
        brokers.connect(url).enqueue(brokers.message("type", [ids.new()]))


def test_an_idle_worker_is_woken_by_a_message(redis_server):
    link = brokers.connect(redis_server.url)
    arrived, times = threading.Event(), []

    @dramatiq.actor(actor_name="type", queue_name=brokers.QUEUE, broker=link)
    def _arrive(texts: list[str]) -> None:
        times.append(time.perf_counter())
        arrived.set()

    worker = dramatiq.Worker(link, worker_threads=1, worker_timeout=60_000)
    worker.start()
    delays = []
    for _ in range(5):
        arrived.clear()
        sent = time.perf_counter()
        link.enqueue(brokers.message("type", [ids.new()]))
        assert arrived.wait(20), "it slept for its whole timeout"
        delays.append(times[-1] - sent)
    assert median(delays) < 20
    for thread in worker.consumers.values():
        thread.stop()
