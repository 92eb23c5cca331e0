"""The field rules of the request, before the servicer sees it."""

from google.protobuf.message import Message

from server.core import validation as rules
from server.core.call import Call
from server.core.interceptors.handler import Handler


def validation(proceed: Handler) -> Handler:
    """Handle only requests that keep the rules the contract declares for their fields."""

    def handle(request: Message, call: Call) -> Message:
        rules.validate(request)
        return proceed(request, call)

    return handle
