"""Update masks (AIP-134): which fields of a resource a PATCH changes."""

from collections.abc import Collection

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from server.core.errors import FieldViolation, InvalidArgument


def paths(mask: FieldMask, resource: Message, *, allowed: Collection[str]) -> set[str]:
    """The names of the fields to change.

    No mask means every populated field, `*` every allowed one. Fields that are not `allowed` are refused when the
    mask names them, and passed over when they merely came along in the resource (a client may send back what it
    read).
    """
    if not mask.paths:
        return {field.name for field, _ in resource.ListFields()} & set(allowed)
    if list(mask.paths) == ["*"]:
        return set(allowed)
    wrong = [path for path in mask.paths if path not in allowed]
    if wrong:
        choice = ", ".join(sorted(allowed))
        raise InvalidArgument(
            violations=[FieldViolation("update_mask", f"{path} cannot be changed; use {choice}") for path in wrong]
        )
    return set(mask.paths)
