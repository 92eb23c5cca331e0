"""Whether webhooks go out: nothing waits that a deliverer would have taken."""

from typing import Final

from udb.doctor.finding import Ailing, Patient
from udb.doctor.looking import as_worker
from udb.doctor.services import database_url

_LATE_EVENTS: Final = "SELECT count(*) FROM event_pending WHERE event_time < now() - interval '1 minute'"
_LATE_ENDPOINTS: Final = "SELECT count(*) FROM webhook_lane WHERE due_time < now() - interval '1 minute'"
_MOST: Final = 100_000
_OPEN: Final = f"SELECT count(*) FROM (SELECT FROM webhook_open_delivery LIMIT {_MOST}) AS counted"  # noqa: S608 - a number of ours


def webhooks(patient: Patient) -> str:
    """No event and no endpoint that has something due waits for long."""
    url = database_url(patient)
    if url is None:
        return "nothing runs now (`make run` starts it)"
    counts = []
    with as_worker(url) as cursor:
        for statement in (_LATE_EVENTS, _LATE_ENDPOINTS, _OPEN):
            cursor.execute(statement)
            counts.append(cursor.fetchone()[0])
    events, endpoints, deliveries = counts
    if events or endpoints:
        raise Ailing(
            f"{events:,} events and deliveries to {endpoints:,} endpoints wait since more than a minute",
            "start `python -m workers deliver`, or see its log",
        )
    return f"{deliveries:,}{' or more' * (deliveries == _MOST)} open deliveries, none late"
