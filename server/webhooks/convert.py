"""Rows to messages, and the parts of messages that go into rows. Each kind of resource has its own part below."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp


def moment(message: Timestamp) -> datetime:
    """A moment of the contract, to the microsecond, which is as exact as the database is."""
    return message.ToDatetime(tzinfo=UTC)
