"""Sources and receipts."""

from typing import Final

from server.core import etags, ids
from server.webhooks import source_settings
from server.webhooks.queries.sources import ReceiptRow, SourceRow
from server.webhooks.source_settings import SourceSettings
from userdata.webhooks.v1 import source_pb2 as pb

_KIND: Final = "SOURCE_KIND_"
_STATE: Final = "SOURCE_STATE_"
_OUTCOME: Final = "RECEIPT_OUTCOME_"
_ALGORITHM: Final = "HMAC_ALGORITHM_"
_ENCODING: Final = "HMAC_ENCODING_"


def kind_of(number: pb.SourceKind) -> str:
    """The word of the column `kind`."""
    return pb.SourceKind.Name(number).removeprefix(_KIND)


def source(row: SourceRow, *, url: str = "") -> pb.Source:
    """A source without its secret; with `url` where it was just made."""
    message = pb.Source(
        id=ids.encode("src", row.id),
        workspace_id=ids.encode("ws", row.workspace_id),
        name=row.name,
        description=row.description,
        kind=_KIND + row.kind,
        event_type=row.event_type,
        state=_STATE + row.state,
        url=url,
        labels=row.labels,
        create_time=row.create_time,
        update_time=row.update_time,
        etag=etags.of(row.id, row.revision),
    )
    _show(message, row.kind, source_settings.unseal(row.id, row.settings))
    return message


def _show(message: pb.Source, kind: str, settings: SourceSettings) -> None:
    message.id_header = settings.id_header
    if kind == "HMAC":
        how = pb.HmacVerification(
            header=settings.header,
            algorithm=_ALGORITHM + settings.algorithm,
            encoding=_ENCODING + settings.encoding,
            prefix=settings.prefix,
        )
        message.hmac.CopyFrom(how)
    elif kind == "BASIC":
        message.basic.username = settings.username
    elif kind == "API_KEY":
        message.api_key.header = settings.header


def settings_of(message: pb.Source, kind: str) -> SourceSettings:
    """What `message` says about verifying."""
    header = message.hmac.header if kind == "HMAC" else message.api_key.header if kind == "API_KEY" else ""
    algorithm = pb.HmacAlgorithm.Name(message.hmac.algorithm).removeprefix(_ALGORITHM)
    encoding = pb.HmacEncoding.Name(message.hmac.encoding).removeprefix(_ENCODING)
    return SourceSettings(
        secret=message.secret,
        header=header,
        algorithm="SHA256" if algorithm == "UNSPECIFIED" else algorithm,
        encoding="HEX" if encoding == "UNSPECIFIED" else encoding,
        prefix=message.hmac.prefix if kind == "HMAC" else "",
        username=message.basic.username if kind == "BASIC" else "",
        id_header=message.id_header,
    )


def receipt(row: ReceiptRow) -> pb.Receipt:
    """A receipt; its body is empty when it was not read."""
    return pb.Receipt(
        id=ids.encode("rcp", row.id),
        source_id=ids.encode("src", row.source_id),
        receive_time=row.receive_time,
        outcome=_OUTCOME + row.outcome,
        error=row.error,
        event_id=ids.encode("evt", row.event_id) if row.event_id else "",
        headers=row.headers,
        body=bytes(row.body),
    )
