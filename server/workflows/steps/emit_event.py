"""`emit_event`: publishes an event of the workspace's own."""

from collections.abc import Mapping
from typing import Any

from server.workflows.engine.step_types import Pure, Result
from server.workflows.engine.types import Emission
from server.workflows.steps import reading, schemas


class EmitEvent(Pure):
    """Publishes an event in the transaction that records the step: it exists once, or the step has not been made."""

    name = "emit_event"
    summary = "Publishes an event; it exists if, and only if, the step is recorded."
    schema = schemas.record(
        ("type", "data"),
        type=schemas.described(schemas.NAME, "A type of event that the workspace has."),
        subject=schemas.described(schemas.TEXT, "What the event is about."),
        data=schemas.described({"type": ["object", "string"]}, "The data; it has to fit the type's schema."),
        channels=schemas.described({"type": ["array", "string"], "items": schemas.NAME}, "Channels of the event."),
        dedupe_key=schemas.described(schemas.TEXT, "A second event with the same key is not published."),
    )
    output_schema = schemas.record(type=schemas.NAME, subject=schemas.TEXT)

    def decide(self, config: Mapping[str, Any]) -> Result:
        """The event to publish."""
        emission = Emission(
            type=reading.text(config, "type"),
            subject=reading.text(config, "subject", ""),
            data=reading.mapping(config, "data"),
            channels=reading.texts(config, "channels"),
            dedupe_key=None if config.get("dedupe_key") is None else reading.text(config, "dedupe_key"),
        )
        return Result({"type": emission.type, "subject": emission.subject}, (emission,))
