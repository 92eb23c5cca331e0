"""The room of events: the catalogue of their types, publishing, reading, and following them as they come."""
