"""The room of webhooks: sending events to endpoints, retrying and replaying, and receiving what others send."""
