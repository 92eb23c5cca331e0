"""The streams process: what must not hold a thread of the unary servers.

gRPC reflection and health watching on one port; `/healthz`, `/readyz` and `/metrics` over HTTP on another. All of it
on one asyncio loop.
"""

import asyncio
import signal
from typing import Final

import grpc.aio
import psycopg2
import redis
import structlog
from aiohttp import web
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from server.app import SERVICERS
from server.core import config
from server.core.telemetry import metrics

_PROBE_SECONDS: Final = 2
_GRACE_SECONDS: Final = 5
_log = structlog.get_logger("streams")


async def serve(*, host: str, port: int, http_port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    server = _grpc_server(f"{host}:{port}")
    await server.start()
    runner = web.AppRunner(_http(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, http_port).start()
    _log.info("streams ready", port=port, http_port=http_port)
    await stopped.wait()
    await server.stop(_GRACE_SECONDS)
    await runner.cleanup()


def _grpc_server(address: str) -> grpc.aio.Server:
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    names = [service.full_name for service, _ in SERVICERS]
    health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), server)
    reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    server.add_insecure_port(address)
    return server


def _http() -> web.Application:
    application = web.Application()
    application.router.add_get("/healthz", _healthz)
    application.router.add_get("/readyz", _readyz)
    application.router.add_get("/metrics", _metrics)
    return application


async def _healthz(_request: web.Request) -> web.Response:
    """The process answers."""
    return web.json_response({"status": "ok"})


async def _readyz(_request: web.Request) -> web.Response:
    """The database and the broker answer; says which does not."""
    probes = {"database": _database_answers, "broker": _broker_answers}
    answers = await asyncio.gather(*(asyncio.to_thread(probe) for probe in probes.values()))
    checks = {name: "ok" if answer else "unavailable" for name, answer in zip(probes, answers, strict=True)}
    ready = all(answers)
    body = {"status": "ok" if ready else "unavailable", "checks": checks}
    return web.json_response(body, status=200 if ready else 503)


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
