"""The statements of the room of events: the log, the feed and the catalogue."""
