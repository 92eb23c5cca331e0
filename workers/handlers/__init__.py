"""The handlers: decode ids, call the service of the room that knows. Importing this registers them all."""

from workers.handlers import mail, maintenance, webhooks, workflows

__all__ = ["mail", "maintenance", "webhooks", "workflows"]
