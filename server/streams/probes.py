"""What an operator and a balancer ask: does the process answer, do its parts, and what has it counted."""

import asyncio
from collections.abc import Callable
from typing import Final

import psycopg2
import redis
from aiohttp import web

from server.core import config
from server.core.telemetry import metrics

_PROBE_SECONDS: Final = 2


def routes(is_stopping: Callable[[], bool]) -> list[web.RouteDef]:
    """`/healthz`, `/readyz` and `/metrics`; not ready any more once `is_stopping`."""

    async def readyz(_request: web.Request) -> web.Response:
        """The database and the broker answer; says which does not."""
        probes = {"database": _database_answers, "broker": _broker_answers}
        answers = await asyncio.gather(*(asyncio.to_thread(probe) for probe in probes.values()))
        checks = {name: "ok" if answer else "unavailable" for name, answer in zip(probes, answers, strict=True)}
        ready = all(answers) and not is_stopping()
        body = {"status": "ok" if ready else "unavailable", "checks": checks}
        return web.json_response(body, status=200 if ready else 503)

    return [web.get("/healthz", _healthz), web.get("/readyz", readyz), web.get("/metrics", _metrics)]


async def _healthz(_request: web.Request) -> web.Response:
    """The process answers."""
    return web.json_response({"status": "ok"})


async def _metrics(_request: web.Request) -> web.Response:
    body = await asyncio.to_thread(metrics.render)
    return web.Response(body=body, headers={"content-type": metrics.CONTENT_TYPE})


def _database_answers() -> bool:
    url = config.read(config.Core).database_url.get_secret_value()
    try:
        connection = psycopg2.connect(url, connect_timeout=_PROBE_SECONDS)
    except psycopg2.OperationalError:
        return False
    connection.close()
    return True


def _broker_answers() -> bool:
    url = config.read(config.Core).broker_url.get_secret_value()
    if url.startswith("amqp"):
        return _amqp_answers(url)
    client = redis.Redis.from_url(url, socket_timeout=_PROBE_SECONDS, socket_connect_timeout=_PROBE_SECONDS)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _amqp_answers(url: str) -> bool:
    # Imported only where RabbitMQ is the broker.
    import pika  # noqa: PLC0415
    from pika.exceptions import AMQPError  # noqa: PLC0415

    try:
        pika.BlockingConnection(pika.URLParameters(url)).close()
    except (AMQPError, OSError):
        return False
    return True
