"""What the room of events does, a module a verb."""
