"""Compiling the expressions of endpoints: filters give true or false, transformations any JSON."""

from server.core import cel
from server.core.cel import Expression, ExpressionInvalid, Kind
from server.webhooks import errors
from server.webhooks.sending.expressions import EVENT

__all__ = ["EVENT", "filter_of", "transformation_of"]


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
