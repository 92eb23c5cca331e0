"""What the expressions of endpoints may name: `event`, with these fields."""

from typing import Final

from server.core import cel
from server.core.cel import Expression, ExpressionInvalid, Kind, Variables
from server.webhooks import errors

EVENT: Final = Variables(
    {
        "event": {
            "id": Kind.STRING,
            "type": Kind.STRING,
            "subject": Kind.STRING,
            "workspace_id": Kind.STRING,
            "time": Kind.TIME,
            "ordering_key": Kind.STRING,
            "sequence": Kind.INT,
            "data": Kind.JSON,
        }
    }
)


def filter_of(text: str) -> Expression:
    """The filter of `text`. Raises errors.ExpressionInvalid."""
    return _compiled(text, field="endpoint.filter", result=Kind.BOOL)


def transformation_of(text: str) -> Expression:
    """The transformation of `text`. Raises errors.ExpressionInvalid."""
    return _compiled(text, field="endpoint.transformation", result=Kind.JSON)


def _compiled(text: str, *, field: str, result: Kind) -> Expression:
    try:
        return cel.compile(text, variables=EVENT, result=result)
    except ExpressionInvalid as error:
        raise errors.ExpressionInvalid(
            field=field, line=str(error.line), column=str(error.column), fault=error.fault
        ) from error
