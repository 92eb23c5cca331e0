"""`http`: sends a request, through the guard that keeps customers' URLs from what is inside."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from server.core import cel, structs
from server.core.outbound import answers
from server.core.outbound.answering import Answered, AnswerTooLarge, Fault, RequestFailed
from server.workflows.engine.step_types import Context, Effect, Result, StepFailed
from server.workflows.engine.types import StepError
from server.workflows.steps import reading, schemas

USER_AGENT: Final = f"Userdata-Workflows/{version('userdata')}"
MAX_ANSWER: Final = 1024 * 1024
#: How long a receiver may take when the step has no timeout, in seconds.
TIMEOUT_SECONDS: Final = 30.0
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: Methods that change nothing (RFC 9110 §9.2.1) need no key that tells repeats.
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: Answers of the 4xx class that another attempt may change.
_PASSING: Final = frozenset({408, 409, 423, 425, 429})
_SHOWN: Final = 1000

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_VALUE: Final = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?")
#: They would change how the request is sent.
_FORBIDDEN: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_FORBIDDEN_PREFIX: Final = "proxy-"
_CLASS: Final = re.compile(r"[1-5]xx")
_STATUSES: Final = range(100, 600)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Http(Effect):
    """Sends one request an attempt. A request may arrive twice: the `Idempotency-Key` header is the same then."""

    name = "http"
    summary = "Sends an HTTP request and gives its answer."
    schema = schemas.record(
        ("url",),
        method=schemas.described({"type": "string", "default": "GET"}, f"One of {', '.join(METHODS)}."),
        url=schemas.described(
            schemas.TEXT, "An https URL of a host with public addresses. Redirects are not followed."
        ),
        headers=schemas.described(
            {"type": ["object", "string"]}, "Headers by name. Put credentials here: `Bearer ${secrets.token}`."
        ),
        query=schemas.described(
            {"type": ["object", "string"]},
            "Parameters that are added to the URL; a list is one parameter for each item.",
        ),
        body=schemas.described(schemas.ANY, "A text is sent as it is, anything else as JSON."),
        expect=schemas.described(
            {"type": ["array", "string"], "items": {"type": ["integer", "string"]}},
            "Statuses that are no failure, such as 200 or 4xx. Without it, 2xx.",
        ),
    )
    output_schema = schemas.record(
        ("status", "headers", "body"),
        status={"type": "integer"},
        headers=schemas.described(schemas.OBJECT, "Headers of the answer, names in lower case."),
        body=schemas.described(schemas.ANY, "JSON as what it says, anything else as text."),
    )

    async def run(self, context: Context) -> Result:
        """Send the request. Raises StepFailed."""
        config: Mapping[str, Any] = context.config
        method = reading.text(config, "method", "GET").upper()
        if method not in METHODS:
            raise reading.failed("CONFIG_INVALID", f"Let `method` be one of {', '.join(METHODS)}.", field="method")
        expected = _expected(config)
        body, content_type = _body(config)
        headers = _headers(config)
        if content_type:
            headers.setdefault("content-type", content_type)
        if method not in _SAFE:
            headers.setdefault("idempotency-key", context.idempotency_key)
        headers.setdefault("user-agent", USER_AGENT)
        seconds = TIMEOUT_SECONDS if context.deadline is None else (context.deadline - context.now).total_seconds()
        try:
            answer: Answered = await context.services.http(
                method, _url(config), headers=headers, body=body, seconds=max(seconds, 0.001), most=MAX_ANSWER
            )
        except RequestFailed as error:
            retryable = error.fault is not Fault.FORBIDDEN_ADDRESS
            raise StepFailed(StepError(error.fault.value, str(error), retryable)) from error
        except AnswerTooLarge as error:
            raise reading.failed("TOO_LARGE", f"The receiver's answer has more than {MAX_ANSWER} bytes.") from error
        if answer.status not in expected:
            raise StepFailed(_unexpected(answer, context))
        return Result({"status": answer.status, "headers": answers.kept(answer.headers), "body": _read(answer)})


def _url(config: Mapping[str, Any]) -> str:
    url = reading.text(config, "url")
    pairs = list(_parameters(reading.mapping(config, "query")))
    if not pairs:
        return url
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise reading.failed("CONFIG_INVALID", f"Let `url` be a URL: {error}.", field="url") from error
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(pairs))))))


def _parameters(query: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                yield name, _text_of(item)


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else structs.dumps(value)


def _headers(config: Mapping[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in reading.mapping(config, "headers").items():
        lower, text = name.lower(), _text_of(value)
        if lower in _FORBIDDEN or lower.startswith(_FORBIDDEN_PREFIX) or not _NAME.fullmatch(name):
            raise reading.failed("CONFIG_INVALID", f"The header {name[:128]!r} cannot be set.", field="headers")
        if not _VALUE.fullmatch(text):
            message = f"Let the header {name} have a value of printable ASCII, without spaces at its ends."
            raise reading.failed("CONFIG_INVALID", message, field="headers")
        headers[lower] = text
    return headers


def _body(config: Mapping[str, Any]) -> tuple[bytes | None, str]:
    body = config.get("body")
    if body is None:
        return None, ""
    if isinstance(body, str):
        return body.encode(errors="replace"), "text/plain; charset=utf-8"
    return structs.dumps(body).encode(errors="replace"), "application/json"


def _expected(config: Mapping[str, Any]) -> frozenset[int]:
    wanted = config.get("expect")
    if wanted is None:
        return frozenset(range(200, 300))
    found: set[int] = set()
    for item in wanted if isinstance(wanted, Sequence) and not isinstance(wanted, str) else [wanted]:
        text = str(item).lower()
        if _CLASS.fullmatch(text):
            found.update(range(int(text[0]) * 100, int(text[0]) * 100 + 100))
        elif text.isdecimal() and int(text) in _STATUSES:
            found.add(int(text))
        else:
            message = f"Let `expect` hold statuses such as 200 or 4xx; {text[:50]!r} is none."
            raise reading.failed("CONFIG_INVALID", message, field="expect")
    return frozenset(found)


def _unexpected(answer: Answered, context: Context) -> StepError:
    details: dict[str, Any] = {"status": answer.status, "body": _text(answer)[:_SHOWN]}
    wait = answers.retry_after(answer.headers.get("retry-after"), context.now)
    if wait is not None:
        details["retry_after"] = wait.total_seconds()
    retryable = answer.status // 100 != 4 or answer.status in _PASSING  # noqa: PLR2004 - the class of clients' faults
    return StepError("HTTP_STATUS", f"The receiver answered {answer.status}.", retryable, details)


def _read(answer: Answered) -> Any:
    """The body as JSON if it says to be, and is; as text otherwise; null when there is none."""
    if not answer.body:
        return None
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return _storable(cel.load(answer.body.decode()))
        except (ValueError, RecursionError):
            return _text(answer)
    return _text(answer)


def _text(answer: Answered) -> str:
    return answer.body.decode(errors="replace").replace("\0", "")


def _storable(value: Any) -> Any:
    """`value` without what the database cannot hold: NUL, and halves of characters. Raises ValueError for infinity."""
    match value:
        case float() if not math.isfinite(value):
            raise ValueError("not JSON")
        case str():
            return _SURROGATE.sub("\ufffd", value.replace("\0", ""))
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
    return value
