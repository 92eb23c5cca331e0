"""Which function does which job. A job is a message of `userdata.jobs.v1`; a test asserts one handler for each.

There are two kinds, since a database can undo what it did and the world cannot:

- `handles`: the work is in the database. It and the end of the job are one transaction, so it happens exactly once.
- `mails`: the work leaves the house. The job ends after it, so a crash in between does it once more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from server.core.mail import Letter

M = TypeVar("M", bound=Message)
Work = Callable[[M], None]
Compose = Callable[[M], Letter | None]


@dataclass(frozen=True)
class Handler:
    """How one type of job is done: by `work`, or by sending the letter that `compose` gives, if any."""

    message: type[Message]
    work: Callable[[Any], None] | None = None
    compose: Callable[[Any], Letter | None] | None = None


HANDLERS: Final[dict[str, Handler]] = {}


def handles(message: type[M]) -> Callable[[Work[M]], Work[M]]:
    """Have the decorated function do jobs of type `message`, in the transaction that ends the job."""

    def decorate(work: Work[M]) -> Work[M]:
        _register(Handler(message, work=work))
        return work

    return decorate


def mails(message: type[M]) -> Callable[[Compose[M]], Compose[M]]:
    """Have the letter that the decorated function gives sent for jobs of type `message`; None sends nothing.

    It is called outside of any scope: no transaction stays open while a mail server takes its time.
    """

    def decorate(compose: Compose[M]) -> Compose[M]:
        _register(Handler(message, compose=compose))
        return compose

    return decorate


def _register(handler: Handler) -> None:
    name = handler.message.DESCRIPTOR.full_name
    if name in HANDLERS:
        raise ValueError(f"{name} has a handler already")
    HANDLERS[name] = handler
