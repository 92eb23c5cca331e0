"""Times of the contract."""

from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


def moment(message: Timestamp) -> datetime:
    """A moment of the contract, to the microsecond, which is as exact as the database is."""
    return message.ToDatetime(tzinfo=UTC)


def seconds_of(duration: Duration) -> float:
    """A duration in seconds."""
    return duration.ToTimedelta().total_seconds()


def milliseconds(value: float | None) -> timedelta | None:
    """A duration of so many milliseconds, to the microsecond."""
    return None if value is None else timedelta(milliseconds=round(value, 3))
