"""Attempts of workers that died: nobody knows how they ended, and they are told of when the lease is over."""

from typing import Final

#: The `error` of such an attempt, and of one that a worker gave up because it was told to stop.
INTERRUPTED: Final = "INTERRUPTED"
DETAIL: Final = "The worker ended during the attempt. The receiver may have got the request."

#: The part of a statement that tells of them: of those open deliveries in its part `taken` that had a lease.
TELL: Final = f"""
        INSERT INTO webhook_attempt (endpoint_id, event_id, event_time, number, workspace_id, trigger, start_time,
            total_ms, error, response_headers, response_body, address, detail, resent)
        SELECT endpoint_id, event_id, event_time, attempts + 1, workspace_id, trigger, update_time,
            extract(epoch FROM lease_time - update_time) * 1000, '{INTERRUPTED}', '{{}}', '', '', '{DETAIL}', false
        FROM taken WHERE lease_time IS NOT NULL
"""  # noqa: S608 - both are words of our own
