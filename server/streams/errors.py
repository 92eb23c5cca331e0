"""Why streams are refused, and why they end."""

from server.core.errors import Aborted, Exhausted, Unavailable


class TooManyStreams(Exhausted):
    """The workspace, or the process, has as many streams as it may."""

    reason = "TOO_MANY_STREAMS"
    message = "The workspace has {limit} open streams, the most it may have. Close some first."


class ProcessFull(Exhausted):
    """The process has as many streams as it may, whoever they belong to."""

    reason = "TOO_MANY_STREAMS"
    message = "The server has {limit} open streams, the most it may have. Try again shortly."


class StreamTooSlow(Aborted):
    """The reader does not take the events as fast as they come."""

    reason = "STREAM_TOO_SLOW"
    message = "The reader is too slow for the events. Go on from the last cursor and read faster."


def stopping() -> Unavailable:
    """What ends streams when the process stops."""
    return Unavailable("The server stops. Connect again and go on from the last cursor.")
