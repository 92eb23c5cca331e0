"""Rows to messages, and the parts of messages that go into rows."""
