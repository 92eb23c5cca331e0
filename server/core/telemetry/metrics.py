"""Metrics in Prometheus' form. Processes share them through PROMETHEUS_MULTIPROC_DIR; `render` adds them up."""

import os
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

CALLS: Final = Counter("userdata_calls_total", "Calls served, by method and gRPC status code.", ("method", "code"))
CALL_SECONDS: Final = Histogram(
    "userdata_call_seconds",
    "Time from a call's arrival at a server process to its answer.",
    ("method",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
JOBS: Final = Counter("userdata_jobs_total", "Jobs handled, by type and outcome.", ("type", "outcome"))
JOB_SECONDS: Final = Histogram("userdata_job_seconds", "Time one attempt at a job took.", ("type",))
JOBS_SENT: Final = Counter("userdata_jobs_sent_total", "Jobs the relay handed to the broker.")
JOBS_HELD: Final = Gauge(
    "userdata_jobs_held", "Jobs that are not done, by state.", ("state",), multiprocess_mode="mostrecent"
)
STREAMS_OPEN: Final = Gauge(
    "userdata_streams_open", "Streams of events that are open.", ("transport",), multiprocess_mode="livesum"
)
STREAMED: Final = Counter("userdata_streamed_events_total", "Events given to streams that have ended.", ("transport",))

EVENTS_DRAINED: Final = Counter("userdata_events_drained_total", "Events that got their place in the feed.")
WEBHOOK_ATTEMPTS: Final = Counter(
    "userdata_webhook_attempts_total",
    "Recorded attempts of deliveries, by outcome: SUCCEEDED or the error.",
    ("outcome",),
)
WEBHOOK_DELIVERIES: Final = Counter("userdata_webhook_deliveries_total", "Finished deliveries, by state.", ("state",))
WEBHOOK_ATTEMPT_SECONDS: Final = Histogram("userdata_webhook_attempt_seconds", "Time an attempt took.")
WEBHOOK_LAG_SECONDS: Final = Histogram(
    "userdata_webhook_lag_seconds",
    "Time from an event to the first attempt to deliver it.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600),
)
WEBHOOKS_IN_FLIGHT: Final = Gauge(
    "userdata_webhooks_in_flight", "Deliveries under way and not yet recorded.", multiprocess_mode="livesum"
)
WEBHOOKS_OPEN: Final = Gauge(
    "userdata_webhooks_open", "Deliveries that are not finished, counted up to 10,000.", multiprocess_mode="mostrecent"
)

WORKFLOW_EXECUTIONS: Final = Counter(
    "userdata_workflow_executions_total", "Executions that ended, by state.", ("state",)
)
WORKFLOW_ATTEMPTS: Final = Counter(
    "userdata_workflow_attempts_total",
    "Attempts of steps that reach outside, by type and outcome: SUCCEEDED or the error's code.",
    ("type", "outcome"),
)
WORKFLOW_RECORDS: Final = Counter("userdata_workflow_records_total", "Records of steps that were written.")
WORKFLOW_LAG_SECONDS: Final = Histogram(
    "userdata_workflow_lag_seconds",
    "Time from the moment that an execution may go on to the moment that a runner has it.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600),
)
WORKFLOWS_RUNNING: Final = Gauge(
    "userdata_workflows_running", "Executions that runners have in memory.", multiprocess_mode="livesum"
)


def render() -> bytes:
    """The metrics of all processes of this installation on this machine, as `/metrics` answers them."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)
