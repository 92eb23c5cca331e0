"""How events refuse: one class for each reason of the contract that this room raises."""

from server.core.errors import AlreadyExists, Exhausted, FailedPrecondition, InvalidArgument


class EventTypeUnknown(InvalidArgument):
    """The catalogue does not have the type."""

    reason = "EVENT_TYPE_UNKNOWN"
    message = "The event type {type} is not in the catalogue. Create it first."


class EventTypeExists(AlreadyExists):
    """The catalogue has a type of this name."""

    reason = "EVENT_TYPE_EXISTS"
    message = "The workspace has an event type {type} already. Choose another name, or update that one."


class EventTypeArchived(FailedPrecondition):
    """The type takes no more events."""

    reason = "EVENT_TYPE_ARCHIVED"
    message = "The event type {type} is archived. Unarchive it before you publish."


class EventDataInvalid(InvalidArgument):
    """The data does not match the schema of its type."""

    reason = "EVENT_DATA_INVALID"
    message = "The data does not match the schema of {type}. Correct what is listed."


class EventSchemaInvalid(InvalidArgument):
    """The schema cannot be used, or an example does not match it."""

    reason = "EVENT_SCHEMA_INVALID"
    message = "The schema is not valid JSON Schema (draft 2020-12). Correct what is listed."


class EventTypeReserved(InvalidArgument):
    """The name is the product's own."""

    reason = "EVENT_TYPE_RESERVED"
    message = "The name {type} belongs to a built-in event type. Choose another name."


class TooManyEventTypes(Exhausted):
    """The workspace has as many types as it may."""

    message = "At most {limit} event types may be in a workspace. Update one that you do not need any more."
