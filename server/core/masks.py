"""Update masks (AIP-134): which fields of a resource a PATCH changes."""

from collections.abc import Collection

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from server.core.errors import InvalidArgument


class UpdateMaskInvalid(InvalidArgument):
    """The update mask names a field that does not exist or cannot be changed."""

    reason = "UPDATE_MASK_INVALID"


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
    for path in mask.paths:
        if path not in allowed:
            choice = ", ".join(sorted(allowed))
            raise UpdateMaskInvalid(f"The field {{field}} cannot be updated. Use {choice}.", field=path)
    return set(mask.paths)
