"""`python -m workers deliver`: the threads and the loop of a deliverer, and how they hear of work and of the end."""

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Final

import structlog
import uvloop

from server.core import config, events
from server.core.db import db
from server.core.outbound.settings import parse_networks
from server.webhooks.conf import WebhooksSettings
from server.webhooks.queries import lanes
from server.webhooks.sending.sender import Sender
from server.webhooks.sending.types import SendingSettings
from workers.delivering.deliverer import Deliverer
from workers.drain import Drain
from workers.listener import Listener
from workers.stopping import Stop

#: Thousands of requests are alive at a time, and few are in cycles: looking for those as often as Python does by
#: default takes a third of the time of a delivery.
_COLLECT: Final = (50_000, 20, 50)
#: The threads of the database answer soon enough; to hand the interpreter over each 5 ms costs the loop a tenth.
_SWITCH_S: Final = 0.02
_log = structlog.get_logger("deliverer")
#: How often to look for deliveries that became due without a word.
_POLL_S: Final = 1.0


def serve(stop: Stop) -> None:
    """Drain and deliver until told to stop."""
    gc.freeze()
    gc.set_threshold(*_COLLECT)
    sys.setswitchinterval(_SWITCH_S)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(stop))


async def _serve(stop: Stop) -> None:
    settings = config.read(WebhooksSettings)
    loop = asyncio.get_running_loop()
    async with Sender(_sending(settings)) as sender:
        deliverer = Deliverer(sender, settings, stop)

        def wake() -> None:
            loop.call_soon_threadsafe(deliverer.wake)

        def heard() -> float:
            wake()
            return _POLL_S

        drain = Drain(stop, drained=wake)
        stop.on_set(loop, deliverer.wake)
        threads = [
            asyncio.create_task(asyncio.to_thread(_hear, events.CHANNEL, drain.turn, stop)),
            asyncio.create_task(asyncio.to_thread(_hear, lanes.CHANNEL, heard, stop)),
        ]
        _log.info("deliverer ready", concurrency=settings.webhook_concurrency)
        await deliverer.run()
        await asyncio.gather(*threads)


def _hear(channel: str, turn: Callable[[], float], stop: Stop) -> None:
    """Take a turn whenever somebody notified on the channel, or the time is over that the last one gave."""
    with Listener(config.read(config.Core).database_url.get_secret_value(), channel) as commits:
        while not stop.is_set():
            commits.wait(turn(), stop)
    if not db.is_closed():
        db.close()


def _sending(settings: WebhooksSettings) -> SendingSettings:
    return SendingSettings(
        allow_http=settings.webhook_allow_http,
        allowed_networks=parse_networks(settings.webhook_allowed_networks),
    )
