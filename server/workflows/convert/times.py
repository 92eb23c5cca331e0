"""Times of the contract."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp


def moment(message: Timestamp) -> datetime:
    """A moment of the contract, to the microsecond, which is as exact as the database is."""
    return message.ToDatetime(tzinfo=UTC)
