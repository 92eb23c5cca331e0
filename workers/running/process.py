"""`python -m workers run`: the threads and the loop of a runner, and how they hear of work and of the end."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
import uvloop

from server.core import config
from server.core.db import db
from server.core.outbound.client import Client
from server.workflows.conf import WorkflowsSettings
from server.workflows.engine.step_types import Types
from server.workflows.queries.poking import CHANNEL
from server.workflows.steps import registry
from workers.listener import Listener
from workers.running.beating import Heart
from workers.running.runner import Runner
from workers.stopping import Stop

#: Many executions are alive at a time, and few are in cycles: to look for those as often as Python does by default
#: takes a good part of the time of a step.
_COLLECT: Final = (50_000, 20, 50)
#: What the threads of the database bring is what the loop waits for: a longer burst of the loop holds up a step.
_SWITCH_S: Final = 0.002
_POLL_S: Final = 1.0
_log = structlog.get_logger("runner")


class Outside:
    """What steps reach the world with."""

    def __init__(self, client: Client) -> None:
        self.http: Callable[..., Awaitable[Any]] = client.request


def serve(stop: Stop) -> None:
    """Run executions until told to stop."""
    gc.freeze()
    gc.set_threshold(*_COLLECT)
    sys.setswitchinterval(_SWITCH_S)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(stop))


async def run(stop: Stop, *, types: Types = registry.TYPES) -> None:
    """Run executions until told to stop; `types` are the types of steps by name."""
    settings = config.read(WorkflowsSettings)
    async with Client(settings.outbound) as client:
        await _run(Outside(client), types, settings, stop)


async def _run(services: Outside, types: Types, settings: WorkflowsSettings, stop: Stop) -> None:
    loop = asyncio.get_running_loop()

    def wake() -> None:
        loop.call_soon_threadsafe(runner.wake)

    heart = Heart(stop, died=lambda runner_id: loop.call_soon_threadsafe(runner.died, runner_id), swept=wake)
    await asyncio.to_thread(_begin, heart)
    runner = Runner(
        heart.runner_id,
        types=types,
        services=services,
        most=settings.runner_executions,
        concurrency=settings.runner_concurrency,
        stop=stop,
    )
    stop.on_set(loop, runner.wake)
    threads = [
        asyncio.create_task(asyncio.to_thread(_hear, wake, stop)),
        asyncio.create_task(asyncio.to_thread(heart.run)),
    ]
    _log.info("runner ready", runner=str(heart.runner_id), concurrency=settings.runner_concurrency)
    await runner.run()
    await asyncio.gather(*threads)


def _begin(heart: Heart) -> None:
    heart.register()
    if not db.is_closed():
        db.close()


def _hear(wake: Callable[[], None], stop: Stop) -> None:
    """Wake the runner whenever somebody notified, and when the time is over to look without a word."""
    with Listener(config.read(config.Core).database_url.get_secret_value(), CHANNEL) as commits:
        while not stop.is_set():
            commits.wait(_POLL_S, stop)
            wake()
