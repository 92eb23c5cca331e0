"""`udb webhooks listen`: a workspace's webhooks, shown on this terminal as they come."""
