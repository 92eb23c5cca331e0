"""The actor: one delivery, from its row to its row (https://dramatiq.io/best_practices.html: messages carry ids)."""

import base64
import hashlib
import hmac
import json
import os
import time
from datetime import datetime

import dramatiq
import httpx
from dramatiq.brokers.redis import RedisBroker
from psycopg_pool import ConnectionPool

THREADS = 8
NAMESPACE = "bench-peer"
LARGEST_RESPONSE = 16 * 1024

dramatiq.set_broker(RedisBroker(url=os.environ["BROKER_URL"], namespace=NAMESPACE))
pool = ConnectionPool(os.environ["DATABASE_URL"], min_size=1, max_size=THREADS, kwargs={"autocommit": True}, open=False)
client = httpx.Client(limits=httpx.Limits(max_connections=100, max_keepalive_connections=100), timeout=15)

FIND = """
    SELECT endpoint.url, endpoint.secret, event.id::text, event.type, event.data, event.create_time
    FROM delivery JOIN endpoint ON endpoint.id = delivery.endpoint_id
    JOIN webhook_event event ON event.id = delivery.event_id
    WHERE delivery.id = %s AND delivery.state <> 'SUCCEEDED'
"""
UPDATE = """
    UPDATE delivery SET state = %s, attempts = attempts + 1, status = %s, error = %s, response = %s, duration_ms = %s,
        update_time = now()
    WHERE id = %s
"""


@dramatiq.actor(max_retries=10, min_backoff=5_000)
def deliver(delivery_id: int) -> None:
    """Sends the delivery and writes down what came of it; raises when it is to be sent again."""
    pool.open()
    with pool.connection() as connection:
        row = connection.execute(FIND, (delivery_id,)).fetchone()
    if row is None:
        return
    began = time.perf_counter()
    status, error, response = _post(*row)
    duration = (time.perf_counter() - began) * 1000
    state = "RETRYING" if error else "SUCCEEDED"
    with pool.connection() as connection:
        connection.execute(UPDATE, (state, status, error, response, duration, delivery_id))
    if error:
        raise RuntimeError(error)


def _post(
    url: str, secret: bytes, event_id: str, kind: str, data: object, create_time: datetime
) -> tuple[int | None, str, str]:
    body = json.dumps({"id": event_id, "type": kind, "timestamp": create_time.isoformat(), "data": data}).encode()
    moment = str(int(time.time()))
    digest = hmac.new(secret, f"{event_id}.{moment}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": moment,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
    try:
        answer = client.post(url, content=body, headers=headers)
    except httpx.HTTPError as error:
        return None, str(error) or type(error).__name__, ""
    return answer.status_code, "" if answer.is_success else f"HTTP {answer.status_code}", answer.text[:LARGEST_RESPONSE]
